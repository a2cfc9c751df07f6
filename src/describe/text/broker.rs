//! Brokers: where they are, how they are spoken to, and how many connections they get.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::describe::summary::{LOCAL_PORTS, PlanSummary};
use crate::describe::text::format::{counted, time};
use crate::mqtt::{Client, Settings};
use crate::plan::target::{Target, Tls};
use crate::plan::watch::{Watch, without_query};
use crate::plan::{Broker, BrokerId};

pub(super) fn write(summary: &PlanSummary<'_>, out: &mut String) -> fmt::Result {
    writeln!(out, "\nbrokers")?;
    for (i, broker) in summary.plan.brokers.iter().enumerate() {
        one(broker, summary.connections(BrokerId(i)), out)?;
    }
    Ok(())
}

fn one(broker: &Broker, connections: u32, out: &mut String) -> fmt::Result {
    let keep_alive = match broker.keep_alive_s {
        0 => "off".to_owned(),
        seconds => time(Duration::from_secs(u64::from(seconds))),
    };
    writeln!(out, "  {}: {}", broker.name, broker.target)?;
    writeln!(
        out,
        "    connect timeout {}, keep alive {keep_alive}, inflight {}",
        time(broker.connect_timeout),
        broker.inflight
    )?;
    if broker.client != Client::Native {
        writeln!(out, "    driven by {}", broker.client)?;
    }
    if broker.connect_detail {
        writeln!(out, "    connects are recorded in parts, too")?;
    }
    if broker.settings != Settings::default() {
        writeln!(out, "    {}", broker.settings)?;
    }
    if !broker.source_addresses.is_empty() {
        let sources: Vec<_> = broker.source_addresses.iter().map(ToString::to_string).collect();
        writeln!(out, "    from {} in turn", sources.join(", "))?;
    }
    if let Some(tls) = &broker.tls {
        writeln!(out, "    TLS: {}", tls_text(tls))?;
    }
    if !broker.headers.is_empty() {
        let names: Vec<_> = broker.headers.iter().map(|header| header.name.as_str()).collect();
        writeln!(out, "    WebSocket with headers {}", names.join(", "))?;
    }
    if let Some(watch) = &broker.watch {
        writeln!(out, "    watched: {}", watch_text(watch))?;
    }
    let sources = u32::try_from(broker.source_addresses.len()).unwrap_or(u32::MAX);
    let ports = LOCAL_PORTS.saturating_mul(sources.max(1));
    let servers = u32::try_from(broker.target.servers()).unwrap_or(u32::MAX);
    let many = connections.div_ceil(servers.max(1)) > ports && matches!(broker.target, Target::Remote { .. });
    write!(out, "    {}", counted(connections, "connection"))?;
    let note = if many {
        "; Linux has 28232 local ports for each source address by default: add `source_addresses`"
    } else {
        ""
    };
    writeln!(out, "{note}")
}

fn watch_text(watch: &Watch) -> String {
    let sys = watch.sys.as_ref().map(|sys| sys.filter.clone());
    let metrics = watch.metrics.as_ref().map(|metrics| {
        let picked =
            if metrics.pick.is_empty() { String::new() } else { format!(" ({})", metrics.pick.join(", ")) };
        format!("{}{picked} every {}", without_query(&metrics.url), time(metrics.every))
    });
    sys.into_iter().chain(metrics).collect::<Vec<_>>().join(", ")
}

fn tls_text(tls: &Tls) -> String {
    let mut text = match &tls.authorities {
        _ if tls.insecure => "any certificate is accepted".to_owned(),
        Some(file) => format!("authorities in {file}"),
        None => "authorities of the system".to_owned(),
    };
    if let Some(name) = &tls.server_name {
        let _ = write!(text, ", server name {name}");
    }
    if !tls.alpn.is_empty() {
        let _ = write!(text, ", ALPN {}", tls.alpn.join(" "));
    }
    if !tls.resumption {
        text.push_str(", no resumption");
    }
    text
}
