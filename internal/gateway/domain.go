package gateway

import (
	"crypto/x509"
	"strings"
)

// domains are custom domain names: exact ones by name, wildcards by what stands
// behind their first label. They are immutable.
type domains struct {
	exact, wildcard map[string]*domain
}

// A domain is a custom domain name with its routing rules and, for requests that
// none of them takes, the stages under its paths.
type domain struct {
	rules  []rule            // by priority
	stages map[string]*stage // by mapping key; nil where the stage serves nothing
	depth  int               // how many segments the longest key has

	truststore string         // of mutual TLS; "": nobody has to show a certificate
	trusted    *x509.CertPool // its certificates; nil: the operator has them
}

// compileDomains makes the domains of what g.config.APIs has now.
func (g *Gateway) compileDomains(apis map[string]*api) domains {
	ds := domains{map[string]*domain{}, map[string]*domain{}}
	for served := range g.config.APIs.Domains() {
		d := &domain{rules: compileRules(apis, served.Rules), stages: make(map[string]*stage, len(served.Mappings)), truststore: served.Truststore}
		if served.Trusted != "" {
			d.trusted = x509.NewCertPool() // empty when the text has become unreadable: nobody is let in
			d.trusted.AppendCertsFromPEM([]byte(served.Trusted))
		}
		for _, m := range served.Mappings {
			d.stages[m.ApiMappingKey] = stageOf(apis, m.ApiId, m.Stage)
			d.depth = max(d.depth, 1+strings.Count(m.ApiMappingKey, "/"))
		}
		if suffix, ok := strings.CutPrefix(served.Name, "*"); ok {
			ds.wildcard[suffix] = d
		} else {
			ds.exact[served.Name] = d
		}
	}
	return ds
}

func stageOf(apis map[string]*api, apiID, stage string) *stage {
	if a := apis[apiID]; a != nil {
		return a.stages[stage]
	}
	return nil
}

// find returns the domain of a host, or nil. An exact name beats a wildcard,
// which covers one label.
func (ds *domains) find(host string) *domain {
	if d := ds.exact[host]; d != nil {
		return d
	}
	if i := strings.IndexByte(host, '.'); i > 0 {
		return ds.wildcard[host[i:]]
	}
	return nil
}

// match returns the longest key that path starts with, by whole segments, and
// whether there is one. The key "" matches every path.
func (d *domain) match(path string) (key string, ok bool) {
	end := 0 // of the last segment that can belong to a key
	for range d.depth {
		if end == len(path) {
			break
		}
		next := strings.IndexByte(path[end+1:], '/')
		if next < 0 {
			end = len(path)
		} else {
			end += 1 + next
		}
	}
	for end > 0 {
		if _, ok := d.stages[path[1:end]]; ok {
			return path[1:end], true
		}
		end = strings.LastIndexByte(path[:end], '/')
	}
	_, ok = d.stages[""]
	return "", ok
}

// locateCustom finds the stage under a custom domain name. Only rules and keys
// are looked at: a route that is missing behind the first rule or the longest key
// is looked for nowhere else.
func (x *exchange) locateCustom(d *domain, path string) error {
	if err := x.checkClientCertificate(d); err != nil {
		return err
	}
	for i := range d.rules {
		if d.rules[i].matches(x.req) {
			return x.follow(&d.rules[i], path)
		}
	}
	key, ok := d.match(path)
	if !ok {
		return notFound("no routing rule and no API mapping of the domain name matches the request")
	}
	x.custom, x.basePath = true, key
	if x.stage = d.stages[key]; x.stage == nil {
		return notFound(`the API mapping with the key "` + key + `" is to a stage that serves nothing`)
	}
	x.trace.API, x.trace.APIName = x.stage.api.id, x.stage.api.name
	if key != "" {
		path = path[1+len(key):]
	}
	return x.enter(path)
}
