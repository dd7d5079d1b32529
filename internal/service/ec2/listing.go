package ec2

import (
	"encoding/base64"
	"path"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
)

// A request is what every operation that describes something takes.
type request struct {
	Filter []filter
	DryRun bool
}

// paged is what those take that answer in pages.
type paged struct {
	MaxResults int
	NextToken  string
}

// A filter selects by one of several values; * and ? in them stand for
// characters.
type filter struct {
	Name  string
	Value []string
}

// A tagged is a tag as the answers have it.
type tagged struct{ Key, Value string }

// A listing is how one kind of thing is found.
type listing[T any] struct {
	all      []T
	id       func(*T) string
	notFound func(id string) error
	tags     func(*T) []tagged
	filters  map[string]func(*T) []string // further ones, by name
	least    int                          // of MaxResults; 0: not in pages
}

// find returns the things with the ids, all without any, that pass every filter.
func (l *listing[T]) find(r *request, ids []string) ([]T, error) {
	for _, f := range r.Filter {
		if l.filters[f.Name] == nil && (l.tags == nil || f.Name != "tag-key" && !strings.HasPrefix(f.Name, "tag:")) {
			return nil, invalid("InvalidParameterValue", "The filter '%s' is invalid", f.Name)
		}
		if len(f.Value) == 0 {
			return nil, invalid("InvalidParameterValue", "The filter '%s' has no value", f.Name)
		}
	}
	if r.DryRun {
		return nil, awserr.New("DryRunOperation", 412, "Request would have succeeded, but DryRun flag is set.")
	}
	for _, id := range ids {
		if !slices.ContainsFunc(l.all, func(t T) bool { return l.id(&t) == id }) {
			return nil, l.notFound(id)
		}
	}
	found := []T{}
	for i := range l.all {
		t := &l.all[i]
		if (len(ids) == 0 || slices.Contains(ids, l.id(t))) && !slices.ContainsFunc(r.Filter, func(f filter) bool { return !l.passes(t, &f) }) {
			found = append(found, *t)
		}
	}
	slices.SortStableFunc(found, func(a, b T) int { return strings.Compare(l.id(&a), l.id(&b)) })
	return found, nil
}

// page is [listing.find] for operations that answer in pages.
func (l *listing[T]) page(r *request, p paged, ids []string) ([]T, string, error) {
	switch {
	case p.MaxResults != 0 && len(ids) > 0:
		return nil, "", invalid("InvalidParameterCombination", "The parameter maxResults cannot be used with ids")
	case p.MaxResults != 0 && (p.MaxResults < l.least || p.MaxResults > 1000):
		return nil, "", invalid("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value between %d and 1000.", p.MaxResults, l.least)
	}
	found, err := l.find(r, ids)
	if err != nil {
		return nil, "", err
	}
	if p.NextToken != "" {
		after, err := base64.RawURLEncoding.DecodeString(p.NextToken)
		if err != nil {
			return nil, "", invalid("InvalidParameterValue", "Unable to parse pagination token")
		}
		found = slices.DeleteFunc(found, func(t T) bool { return l.id(&t) <= string(after) })
	}
	most := p.MaxResults
	if most == 0 {
		most = 1000
	}
	if len(found) <= most {
		return found, "", nil
	}
	return found[:most], base64.RawURLEncoding.EncodeToString([]byte(l.id(&found[most-1]))), nil
}

func (l *listing[T]) passes(t *T, f *filter) bool {
	var have []string
	if of := l.filters[f.Name]; of != nil {
		have = of(t)
	} else {
		for _, tag := range l.tags(t) {
			switch f.Name {
			case "tag-key":
				have = append(have, tag.Key)
			case "tag:" + tag.Key:
				have = append(have, tag.Value)
			}
		}
	}
	return slices.ContainsFunc(have, func(h string) bool {
		return slices.ContainsFunc(f.Value, func(pattern string) bool { return like(pattern, h) })
	})
}

// like matches a text with a pattern; \ takes its meaning from what follows.
func like(pattern, text string) bool {
	// To path.Match a slash ends what * stands for, and [ begins a class.
	swap := strings.NewReplacer("/", "\x00", "[", `\[`)
	ok, err := path.Match(swap.Replace(pattern), strings.ReplaceAll(text, "/", "\x00"))
	return ok && err == nil
}

// allTags are the tags that a template gives and those that CloudFormation adds.
func allTags(tags []Tag, stackID, logicalID string) []tagged {
	list := []tagged{}
	for _, t := range tags {
		list = append(list, tagged(t))
	}
	if stackID == "" || slices.ContainsFunc(list, func(t tagged) bool { return t.Key == "aws:cloudformation:stack-id" }) {
		return list
	}
	name := stackID
	if parts := strings.Split(stackID, "/"); len(parts) > 1 {
		name = parts[1]
	}
	return append(list, tagged{"aws:cloudformation:logical-id", logicalID}, tagged{"aws:cloudformation:stack-id", stackID}, tagged{"aws:cloudformation:stack-name", name})
}

// allTags are the tags of a record.
func (r *Resource) allTags() []tagged {
	var tags []Tag
	for _, t := range r.items("Tags") {
		tags = append(tags, Tag{t.Get("Key").Str(), t.Get("Value").Str()})
	}
	return allTags(tags, r.StackID, r.LogicalID)
}

func one(value string) []string { return []string{value} }

func flag(b bool) []string {
	if b {
		return []string{"true"}
	}
	return []string{"false"}
}
