//! Remembers what was made of the newest thing, so that twenty visitors cost as much as one.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;

/// Bytes that were made of a value of `T`, until another value comes.
#[derive(Debug)]
pub(super) struct Memo<T>(Mutex<Option<(Arc<T>, Bytes)>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Memo<T> {
    /// The bytes of this very value, made now if they are not known. A failure is not remembered.
    pub(super) fn get<E>(
        &self,
        of: &Arc<T>,
        make: impl FnOnce(&T) -> Result<Vec<u8>, E>,
    ) -> Result<Bytes, E> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((value, bytes)) = &*known
            && Arc::ptr_eq(value, of)
        {
            return Ok(bytes.clone());
        }
        let bytes = Bytes::from(make(of)?);
        *known = Some((Arc::clone(of), bytes.clone()));
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests;
