//! What a person sees who made mistakes in a scenario: whole messages, as snapshots.
