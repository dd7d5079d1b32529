package awscurl

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// proxyFunc returns the proxy to go through, of -x or the environment. Unlike
// net/http's, it makes no exception of localhost, as Python's requests does not.
func (o *options) proxyFunc(s *streams) (func(*http.Request) (*url.URL, error), error) {
	except := o.noProxy
	if !o.noProxyGiven {
		except = firstOf(s.getenv("no_proxy"), s.getenv("NO_PROXY"))
	}
	all := firstOf(s.getenv("all_proxy"), s.getenv("ALL_PROXY"))
	proxies := map[string]*url.URL{}
	for scheme, address := range map[string]string{
		"http":  firstOf(o.proxy, s.getenv("http_proxy"), s.getenv("HTTP_PROXY"), all),
		"https": firstOf(o.proxy, s.getenv("https_proxy"), s.getenv("HTTPS_PROXY"), all),
	} {
		if address == "" {
			continue
		}
		if !strings.Contains(address, "://") {
			address = "http://" + address
		}
		proxy, err := url.Parse(address)
		if err != nil || proxy.Host == "" {
			return nil, failf(exitProxyDNS, "bad address of a proxy: %q", maskUser(address))
		}
		switch proxy.Scheme {
		case "http", "https", "socks5", "socks5h":
		default:
			return nil, failf(exitConnect, "proxy %s: the scheme is http, https, socks5 or socks5h", maskUser(address))
		}
		if o.proxyUser != "" {
			name, password, _ := strings.Cut(o.proxyUser, ":")
			proxy.User = url.UserPassword(name, password)
		}
		proxies[scheme] = proxy
	}
	return func(r *http.Request) (*url.URL, error) {
		if isExcepted(except, r.URL) {
			return nil, nil
		}
		return proxies[r.URL.Scheme], nil
	}, nil
}

// isExcepted reports whether a list like no_proxy names the host of u: by name,
// by domain, by address or network, or all by *.
func isExcepted(list string, u *url.URL) bool {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	ip, _ := netip.ParseAddr(host)
	for entry := range strings.FieldsFuncSeq(strings.ToLower(list), func(r rune) bool { return r == ',' || r == ' ' }) {
		if entry == "*" {
			return true
		}
		if network, err := netip.ParsePrefix(entry); err == nil && ip.IsValid() && network.Contains(ip) {
			return true
		}
		if name, only, err := net.SplitHostPort(entry); err == nil {
			if only != port {
				continue
			}
			entry = name
		}
		entry = strings.TrimPrefix(strings.TrimPrefix(strings.Trim(entry, "[]"), "*"), ".")
		if entry != "" && (host == entry || strings.HasSuffix(host, "."+entry)) {
			return true
		}
	}
	return false
}
