package query_test

import (
	"net/url"
	"testing"

	"github.com/hakonegate/hakone/internal/wire/query"
)

func TestUnknownParametersAreFound(t *testing.T) {
	type common struct{ Name string }
	type input struct {
		common
		Tags   []struct{ Key, Value string }
		Labels map[string]string
		Depth  *struct{ Levels int }
		hidden string
	}
	for key, want := range map[string]string{
		"Action": "", "Version": "", "Name": "", "Tags": "", "Tags.member.1.Key": "", "Tags.1.Value": "", "Labels.entry.1.key": "", "Depth.Levels": "",
		"RoleARN": "RoleARN", "Name.x": "Name.x", "Tags.member.1.Color": "Tags.member.1.Color", "Tags.member.x": "Tags.member.x",
		"Labels.entry.1.other": "Labels.entry.1.other", "Depth.Width": "Depth.Width", "hidden": "hidden", "": "",
	} {
		form := url.Values{key: {"1"}}
		if key == "" {
			form = nil
		}
		if got := query.Unknown(form, &input{hidden: ""}); got != want {
			t.Errorf("%q: %q; want %q", key, got, want)
		}
	}
}
