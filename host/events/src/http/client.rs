//! The client's address, as a load balancer saw it.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

/// The right-most address of `X-Forwarded-For` that was not appended by a trusted proxy.
///
/// Every proxy appends the address that connected to it, and the load balancer appends last. The right-most address is
/// therefore the one that connected to the load balancer. Addresses to its left can be forged, unless the right-most
/// one is a trusted proxy. `trusted_hops` is the number of such proxies in front of the load balancer, for example 1
/// for a CDN. If the list is not longer than that, all entries come from trusted proxies and the first one counts.
///
/// Ports (`192.0.2.1:4711`, `[2001:db8::1]:4711`) and brackets are removed. An entry that is not an IP address gives
/// `None`.
pub(crate) fn address(headers: &HeaderMap, trusted_hops: usize) -> Option<String> {
    let lists = headers.get_all("x-forwarded-for");
    let mut entries = lists.iter().rev().filter_map(|list| list.to_str().ok()).flat_map(entries_from_the_right);
    let rightmost = entries.next()?;
    let entry = entries.take(trusted_hops).last().unwrap_or(rightmost);
    parse(entry).map(|address| address.to_string())
}

fn entries_from_the_right(list: &str) -> impl Iterator<Item = &str> {
    list.rsplit(',').map(str::trim).filter(|entry| !entry.is_empty())
}

fn parse(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    bare.parse().ok().or_else(|| entry.parse().ok().map(|address: SocketAddr| address.ip()))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    #[track_caller]
    fn check(lists: &[&str], hops: usize, expected: Option<&str>) {
        let headers: HeaderMap = lists
            .iter()
            .filter_map(|list| HeaderValue::from_bytes(list.as_bytes()).ok())
            .map(|list| (HeaderName::from_static("x-forwarded-for"), list))
            .collect();
        assert_eq!(super::address(&headers, hops).as_deref(), expected, "{lists:?} with {hops} trusted hops");
    }

    #[test]
    fn trusted_hops_are_skipped_from_the_right() {
        check(&["203.0.113.7"], 0, Some("203.0.113.7"));
        check(&["198.51.100.1, 203.0.113.7"], 0, Some("203.0.113.7"));
        check(&["198.51.100.1, 203.0.113.7"], 1, Some("198.51.100.1"));
        check(&["198.51.100.1,203.0.113.7"], 5, Some("198.51.100.1"));
        check(&["198.51.100.1", "192.0.2.3, 203.0.113.7"], 2, Some("198.51.100.1"));
        check(&["spoofed, 203.0.113.7"], 0, Some("203.0.113.7"));
        check(&["spoofed, 203.0.113.7"], 1, None);
        check(&[" , 203.0.113.7 ,"], 0, Some("203.0.113.7"));
        check(&[], 0, None);
        check(&[""], 3, None);
        check(&["é"], 0, None);
    }

    #[test]
    fn ports_and_brackets_are_dropped() {
        check(&["203.0.113.7:4711"], 0, Some("203.0.113.7"));
        check(&["2001:db8::1"], 0, Some("2001:db8::1"));
        check(&["[2001:db8::1]"], 0, Some("2001:db8::1"));
        check(&["[2001:DB8:0::1]:443"], 0, Some("2001:db8::1"));
        check(&["203.0.113.7:port"], 0, None);
        check(&["[203.0.113.7"], 0, None);
    }
}
