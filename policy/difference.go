package policy

import "strings"

// A difference is the first part in which a pattern and the request's resource
// differ, and how much came before: the higher the score, the nearer.
type difference struct {
	score      int
	part       string
	want, have string
	note       string
}

var partNames = [...]string{
	partPrefix: "prefix", partPartition: "partition", partService: "service", partRegion: "region", partAccount: "account", partRest: "resource",
}

func (r *resource) difference(e *env) difference {
	switch {
	case r.shape == resourceNever:
		return difference{note: "the policy's resource is not a complete ARN and matches nothing"}
	case !e.isARN:
		return difference{part: "resource", want: r.text, have: e.request.Resource, note: `an action without a resource is allowed only by the Resource "*"`}
	}
	if r.shape == resourceStage {
		return r.restDifference(e)
	}
	d := difference{}
	for i, want := range strings.Split(r.head, ":") {
		have := e.resource[partPartition+i]
		switch {
		case glob(want, have):
			d.score += 100
		case d.part == "":
			d.part, d.want, d.have = partNames[partPartition+i], want, have
		}
	}
	if r.rest.match(e.resource[partRest], e, false) == matched {
		d.score += 100
		return d
	}
	rest := r.restDifference(e)
	d.score += rest.score
	if d.part == "" {
		rest.score = d.score
		return rest
	}
	return d
}

// restDifference compares the last part of an ARN piece by piece.
func (r *resource) restDifference(e *env) difference {
	names, separator := []string{"resource"}, "/"
	switch e.resource[partService] {
	case "execute-api":
		names = []string{"API ID", "stage", "method", "path"}
	case "lambda":
		names, separator = []string{"resource type", "function name", "qualifier"}, ":"
	}
	want := strings.SplitN(r.rest.text, separator, len(names))
	have := strings.SplitN(e.resource[partRest], separator, len(names))
	score := 0
	for i, name := range names {
		switch {
		case i >= len(want) && i < len(have):
			return difference{score: score, part: name, want: "", have: have[i], note: "the policy's resource ends before its " + name}
		case i >= len(have) && i < len(want):
			return difference{score: score, part: name, want: want[i], have: "", note: "the request's resource ends before its " + name}
		case i >= len(have):
			return difference{score: score}
		}
		sx := syntax{wildcards: true, variables: r.rest.program != nil && len(r.rest.program.variables) > 0}
		p := compilePattern(want[i], sx)
		if p.match(have[i], e, false) != matched {
			return difference{score: score + commonPrefixFold(want[i], have[i]), part: name, want: want[i], have: have[i]}
		}
		if strings.HasSuffix(want[i], "*") && i == len(want)-1 && i < len(names)-1 {
			return difference{score: score} // the star takes what follows
		}
		score += 50
	}
	return difference{score: score}
}
