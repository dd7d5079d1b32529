package stack

import "github.com/hakonegate/hakone/internal/template"

// contextOf returns what a resource is made from, as change sets tell it.
func contextOf(v *Version) string {
	n := template.Map()
	n.Set("Properties", v.Properties)
	if v.Metadata != nil {
		n.Set("Metadata", v.Metadata)
	}
	if v.DeletionPolicy != "" {
		n.Set("DeletionPolicy", template.Text(v.DeletionPolicy))
	}
	if v.UpdateReplacePolicy != "" {
		n.Set("UpdateReplacePolicy", template.Text(v.UpdateReplacePolicy))
	}
	return string(n.JSON(""))
}
