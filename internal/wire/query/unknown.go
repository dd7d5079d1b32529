package query

import (
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Unknown returns the first key of a form, by name, that [Decode] would not read
// into a struct like the one that into points to; "" if there is none. Action and
// Version belong to the protocol.
func Unknown(form url.Values, into any) string {
	t := reflect.TypeOf(into)
	for _, key := range slices.Sorted(maps.Keys(form)) {
		if key == "Action" || key == "Version" {
			continue
		}
		if strings.Count(key, ".") > maxDepth || !reads(t, strings.Split(key, ".")) {
			return key
		}
	}
	return ""
}

// reads reports whether a value of type t takes what path names.
func reads(t reflect.Type, path []string) bool {
	if len(path) == 0 {
		return true
	}
	switch t.Kind() {
	case reflect.Pointer:
		return reads(t.Elem(), path)
	case reflect.Slice:
		if path[0] == "member" {
			path = path[1:]
		}
		return len(path) == 0 || isIndex(path[0]) && reads(t.Elem(), path[1:])
	case reflect.Map:
		if path[0] == "entry" {
			path = path[1:]
		}
		return len(path) == 2 && isIndex(path[0]) && (path[1] == "key" || path[1] == "value")
	case reflect.Struct:
		return t != reflect.TypeFor[time.Time]() && hasField(t, path)
	default:
		return false
	}
}

func hasField(t reflect.Type, path []string) bool {
	for f := range t.Fields() {
		name, ok := fieldName(f)
		switch {
		case !ok:
		case f.Anonymous && hasField(f.Type, path):
			return true
		case !f.Anonymous && name == path[0]:
			return reads(f.Type, path[1:])
		}
	}
	return false
}

func isIndex(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}
