// Package query reads and writes AWS's query protocol: a form whose keys are
// paths (Tags.member.1.Key) comes in, XML goes out. Shapes are Go structs whose
// fields have AWS's names; a tag `query:"name"` gives another name, `query:"-"`
// keeps a field off the wire.
package query

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
)

const (
	maxDepth = 12
	maxItems = 1000
)

// A node is one segment of the form's keys.
type node struct {
	value    string
	set      bool
	children map[string]*node
}

// Decode fills the struct that into points to from a form. Unknown keys are
// ignored, as AWS does.
func Decode(form url.Values, into any) error {
	root := &node{}
	for key, values := range form {
		if len(values) == 0 || strings.Count(key, ".") > maxDepth {
			continue
		}
		n := root
		for part := range strings.SplitSeq(key, ".") {
			if n.children == nil {
				n.children = map[string]*node{}
			}
			child := n.children[part]
			if child == nil {
				child = &node{}
				n.children[part] = child
			}
			n = child
		}
		n.value, n.set = values[0], true
	}
	return decode(root, reflect.ValueOf(into).Elem(), "")
}

func decode(n *node, v reflect.Value, where string) error {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return decode(n, v.Elem(), where)
	case reflect.Slice:
		return decodeList(n, v, where)
	case reflect.Map:
		return decodeMap(n, v, where)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return decodeTime(n, v, where)
		}
		return decodeStruct(n, v, where)
	default:
		return decodeScalar(n, v, where)
	}
}

func decodeStruct(n *node, v reflect.Value, where string) error {
	for f := range v.Type().Fields() {
		name, ok := fieldName(f)
		if !ok {
			continue
		}
		if f.Anonymous {
			if err := decodeStruct(n, v.FieldByIndex(f.Index), where); err != nil {
				return err
			}
			continue
		}
		if child := n.children[name]; child != nil {
			if err := decode(child, v.FieldByIndex(f.Index), join(where, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// decodeList reads Name.member.N, and Name.N as ec2 and flattened lists have it.
func decodeList(n *node, v reflect.Value, where string) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b, err := base64.StdEncoding.DecodeString(n.value)
		if err != nil {
			return malformed(where)
		}
		v.SetBytes(b)
		return nil
	}
	items := n.children
	if m := n.children["member"]; m != nil {
		items = m.children
	}
	if len(items) > maxItems {
		return awserr.Validation("%s has more than %d members", where, maxItems)
	}
	list := reflect.MakeSlice(v.Type(), 0, len(items))
	for i := 1; ; i++ {
		item := items[strconv.Itoa(i)]
		if item == nil {
			break
		}
		e := reflect.New(v.Type().Elem()).Elem()
		if err := decode(item, e, join(where, strconv.Itoa(i))); err != nil {
			return err
		}
		list = reflect.Append(list, e)
	}
	v.Set(list)
	return nil
}

// decodeMap reads Name.entry.N.key and Name.entry.N.value.
func decodeMap(n *node, v reflect.Value, where string) error {
	items := n.children
	if e := n.children["entry"]; e != nil {
		items = e.children
	}
	if len(items) > maxItems {
		return awserr.Validation("%s has more than %d entries", where, maxItems)
	}
	m := reflect.MakeMap(v.Type())
	for i := 1; ; i++ {
		item := items[strconv.Itoa(i)]
		if item == nil || item.children["key"] == nil || item.children["value"] == nil {
			break
		}
		value := reflect.New(v.Type().Elem()).Elem()
		if err := decode(item.children["value"], value, join(where, item.children["key"].value)); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(item.children["key"].value), value)
	}
	v.Set(m)
	return nil
}

func decodeTime(n *node, v reflect.Value, where string) error {
	t, err := time.Parse(time.RFC3339, n.value)
	if err != nil {
		return malformed(where)
	}
	v.Set(reflect.ValueOf(t.UTC()))
	return nil
}

func decodeScalar(n *node, v reflect.Value, where string) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.value)
	case reflect.Bool:
		b, err := strconv.ParseBool(n.value)
		if err != nil {
			return malformed(where)
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int32, reflect.Int64:
		i, err := strconv.ParseInt(n.value, 10, v.Type().Bits())
		if err != nil {
			return malformed(where)
		}
		v.SetInt(i)
	default:
		return fmt.Errorf("query: %s: cannot decode a %s", where, v.Type())
	}
	return nil
}

func malformed(where string) error {
	return awserr.New("MalformedInput", 400, "Invalid value for %s", where)
}

func join(where, name string) string {
	if where == "" {
		return name
	}
	return where + "." + name
}

// fieldName returns the wire name of a field, and whether it is on the wire.
func fieldName(f reflect.StructField) (string, bool) {
	tag := f.Tag.Get("query")
	switch {
	case tag == "-", !f.IsExported() && !f.Anonymous:
		return "", false
	case tag != "":
		return tag, true
	default:
		return f.Name, true
	}
}
