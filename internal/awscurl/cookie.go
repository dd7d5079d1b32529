package awscurl

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// cookies are those of -b and those that servers set on the way. They last for
// one run, so that no more than name, domain, path and Secure matters.
type cookies struct {
	given  string // the -b NAME=VALUE texts
	stored []cookie
}

type cookie struct {
	domain, path, name, value string
	secure, exact             bool
	expires                   int64
}

// readCookies takes apart what -b says: text, or a file in Netscape's form.
func readCookies(given []string, s *streams) (*cookies, error) {
	c := &cookies{}
	for _, text := range given {
		if strings.Contains(text, "=") {
			if c.given != "" {
				c.given += "; "
			}
			c.given += text
			continue
		}
		if text == "" {
			continue
		}
		content, err := readAll(text, s)
		if os.IsNotExist(err) {
			continue // as curl has it: an empty jar
		}
		if err != nil {
			return nil, failf(exitRead, "read cookies: %w", err)
		}
		for line := range strings.Lines(string(content)) {
			line = strings.TrimPrefix(strings.TrimRight(line, "\r\n"), "#HttpOnly_")
			parts := strings.Split(line, "\t")
			if len(parts) != 7 || strings.HasPrefix(line, "#") {
				continue
			}
			expires, _ := strconv.ParseInt(parts[4], 10, 64)
			c.stored = append(c.stored, cookie{
				domain: strings.TrimPrefix(strings.ToLower(parts[0]), "."), exact: parts[1] != "TRUE", path: parts[2], secure: parts[3] == "TRUE",
				expires: expires, name: parts[5], value: parts[6],
			})
		}
	}
	return c, nil
}

func (c *cookies) header(t *target) string {
	var all []string
	host := t.hostname()
	for _, one := range c.stored {
		fits := host == one.domain || !one.exact && strings.HasSuffix(host, "."+one.domain)
		path := strings.HasPrefix(t.path, one.path) && (len(t.path) == len(one.path) || strings.HasSuffix(one.path, "/") || t.path[len(one.path)] == '/')
		if fits && path && (!one.secure || t.isTLS()) && (one.expires == 0 || one.expires > time.Now().Unix()) {
			all = append(all, one.name+"="+one.value)
		}
	}
	if c.given != "" {
		all = append(all, c.given)
	}
	return strings.Join(all, "; ")
}

// keep stores what a response sets, for the host that it came from. Cookies for
// a wider domain are kept for that host alone.
func (c *cookies) keep(response *http.Response, t *target) {
	for _, set := range response.Cookies() {
		one := cookie{domain: t.hostname(), exact: true, path: firstOf(set.Path, "/"), name: set.Name, value: set.Value, secure: set.Secure}
		if !set.Expires.IsZero() {
			one.expires = set.Expires.Unix()
		}
		if set.MaxAge > 0 {
			one.expires = time.Now().Unix() + int64(set.MaxAge)
		}
		var kept []cookie
		for _, old := range c.stored {
			if old.name != one.name || old.domain != one.domain || old.path != one.path {
				kept = append(kept, old)
			}
		}
		if c.stored = kept; set.MaxAge >= 0 {
			c.stored = append(c.stored, one)
		}
	}
}

// save writes the jar in Netscape's form.
func (c *cookies) save(name string) error {
	if name == "" {
		return nil
	}
	b := &strings.Builder{}
	b.WriteString("# Netscape HTTP Cookie File\n")
	flag := map[bool]string{true: "TRUE", false: "FALSE"}
	for _, one := range c.stored {
		fmt.Fprintf(b, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", one.domain, flag[!one.exact], one.path, flag[one.secure], one.expires, one.name, one.value)
	}
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		return failf(exitWrite, "write cookies: %w", err)
	}
	return nil
}
