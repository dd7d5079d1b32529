package ssm

import (
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
)

// A Filter selects parameters.
type Filter struct {
	Key    string
	Option string
	Values []string
}

// Keys of filters, and the options that each has; the first is meant without one.
var (
	describeFilters = map[string][]string{
		"Name": {"Equals", "BeginsWith", "Contains"}, "Path": {"OneLevel", "Recursive"}, "Type": {"Equals"}, "KeyId": {"Equals"},
		"Tier": {"Equals"}, "DataType": {"Equals"}, "tag:": {"Equals"},
	}
	pathFilters = map[string][]string{"Type": {"Equals"}, "KeyId": {"Equals"}, "Label": {"Equals"}}
)

// checkFilters refuses what an operation does not know, and fills in options.
func checkFilters(filters []Filter, known map[string][]string) error {
	for i := range filters {
		f := &filters[i]
		key := f.Key
		if strings.HasPrefix(key, "tag:") {
			key = "tag:"
		}
		options := known[key]
		switch {
		case options == nil:
			return awserr.New("InvalidFilterKey", 400, "The specified key isn't valid: %s", f.Key)
		case f.Option == "":
			f.Option = options[0]
		case !slices.Contains(options, f.Option):
			return awserr.New("InvalidFilterOption", 400, "The specified filter option isn't valid: %s of %s", f.Option, f.Key)
		}
		if len(f.Values) == 0 && key != "tag:" {
			return awserr.New("InvalidFilterValue", 400, "The filter value isn't valid: %s has none", f.Key)
		}
	}
	return nil
}

// matches reports whether p passes all filters; those of labels are not asked.
func matches(p *parameter, filters []Filter) bool {
	for _, f := range filters {
		var have []string
		switch key := strings.TrimPrefix(f.Key, "tag:"); {
		case key != f.Key:
			for _, t := range p.Tags {
				if t.Key == key {
					have = []string{t.Value}
				}
			}
			if len(f.Values) == 0 && have != nil {
				continue
			}
		case f.Key == "Name":
			have = []string{p.Name}
		case f.Key == "Type":
			have = []string{p.last().Type}
		case f.Key == "KeyId":
			have = []string{p.last().KeyId}
		case f.Key == "Tier":
			have = []string{p.last().Tier}
		case f.Key == "DataType":
			have = []string{p.last().DataType}
		case f.Key == "Path":
			have = []string{"/" + strings.TrimPrefix(p.Name[:strings.LastIndex(p.Name, "/")+1], "/")}
		case f.Key == "Label":
			continue
		}
		if !slices.ContainsFunc(have, func(h string) bool { return f.accepts(h) }) {
			return false
		}
	}
	return true
}

func (f *Filter) accepts(have string) bool {
	return slices.ContainsFunc(f.Values, func(want string) bool {
		switch f.Option {
		case "BeginsWith":
			return strings.HasPrefix(have, want)
		case "Contains":
			return strings.Contains(have, want)
		case "OneLevel":
			return have == strings.TrimSuffix(want, "/")+"/"
		case "Recursive":
			return strings.HasPrefix(have, strings.TrimSuffix(want, "/")+"/")
		default:
			return have == want
		}
	})
}

// labelled returns the version that label filters select, the newest without any.
func (p *parameter) labelled(filters []Filter) (v *version, selector string) {
	for _, f := range filters {
		if f.Key != "Label" {
			continue
		}
		for i := range p.Versions {
			for _, label := range f.Values {
				if slices.Contains(p.Versions[i].Labels, label) {
					return &p.Versions[i], label
				}
			}
		}
		return nil, ""
	}
	return p.last(), ""
}
