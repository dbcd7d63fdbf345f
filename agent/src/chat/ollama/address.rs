//! The forms in which people write where Ollama is.

/// Where a server of one's own listens.
pub(super) const LOCAL: &str = "http://localhost:11434";
const PORT: &str = "11434";

/// The address of a server from `OLLAMA_HOST`, which also tells the server where to listen: `0.0.0.0`, `host`,
/// `host:port`, `:port` or a whole URL.
pub(super) fn of_host(host: &str) -> String {
    let host = host.trim().trim_end_matches('/');
    let (scheme, rest) = host.split_once("://").unwrap_or(("http", host));
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    // A colon inside brackets belongs to an IPv6 address.
    let after_bracket = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let colon = authority[after_bracket..].find(':').map(|colon| after_bracket + colon);
    let (name, port) = colon.map_or((authority, ""), |colon| (&authority[..colon], &authority[colon + 1..]));
    let port = match (port, scheme) {
        ("", "https") if host.contains("://") => "443",
        ("", "http") if host.contains("://") => "80",
        ("", _) => PORT,
        (port, _) => port,
    };
    let name = match name {
        "" | "0.0.0.0" | "[::]" => "localhost",
        name => name,
    };
    format!("{scheme}://{name}:{port}{path}")
}

/// A base URL without the route that it may carry for other clients.
pub(super) fn without_route(base_url: &str) -> &str {
    let base_url = base_url.trim().trim_end_matches('/');
    ["/v1", "/api"].iter().find_map(|route| base_url.strip_suffix(route)).unwrap_or(base_url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_in_all_their_forms() {
        for (host, address) in [
            ("127.0.0.1:11434", "http://127.0.0.1:11434"),
            ("0.0.0.0", "http://localhost:11434"),
            (":1234", "http://localhost:1234"),
            ("box", "http://box:11434"),
            ("https://ollama.example", "https://ollama.example:443"),
            ("http://box:81/ollama/", "http://box:81/ollama"),
            ("[::1]:11435", "http://[::1]:11435"),
            ("[::]", "http://localhost:11434"),
        ] {
            assert_eq!(of_host(host), address, "{host}");
        }
        assert_eq!(without_route("http://box:11434/v1/"), "http://box:11434");
        assert_eq!(without_route(" http://box:11434/api"), "http://box:11434");
    }
}
