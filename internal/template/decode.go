package template

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// An Unmarshaler decodes itself from a node, for properties that take several
// shapes.
type Unmarshaler interface{ UnmarshalNode(n *Node) error }

// Decode stores n in the value that into points to. Struct fields are found
// by their json tag, else by their name; a field with the tag required:"true"
// must be there. Two tags are for [Node.Verify]: with oneof:"A,B" the value is one
// of these, with refuse:"REASON" it must say nothing. A property that the struct
// does not have is an error with its position, as is a value of the wrong kind.
//
// Conversion happens here, when the wanted type is known: 128, "128" and a
// parameter's 128 all make an int; true, True, yes and on make a bool; a
// boolean makes the string "true"; a number keeps its text as a string. A
// *Node or Node takes any value as it is.
func (n *Node) Decode(into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return fmt.Errorf("decode a template into %T: not a pointer", into)
	}
	d := decoder{}
	d.value(n, v.Elem(), "")
	return d.faults.err()
}

// Verify finds what [Node.Decode] into a value like shape would refuse. Values
// that are not known yet may be anything.
func (n *Node) Verify(shape any) error {
	d := decoder{verify: true}
	d.value(n, reflect.New(reflect.TypeOf(shape)).Elem(), "")
	return d.faults.err()
}

// Refused finds the properties that say something though nothing acts on them:
// those with the tag refuse of shape. They are among what [Node.Verify] finds;
// [Node.Decode] takes them, so that what was made with them can be deleted.
func (n *Node) Refused(shape any) error {
	d := decoder{verify: true}
	d.value(n, reflect.New(reflect.TypeOf(shape)).Elem(), "")
	return d.refused.err()
}

type decoder struct {
	faults  faults
	refused faults // those of faults that are properties with the tag refuse
	verify  bool   // values that are not known may stay so; others are looked at more closely
}

func (d *decoder) fault(n *Node, format string, args ...any) {
	d.faults.add(errorf(n.position(), format, args...))
}

var (
	nodeType        = reflect.TypeFor[Node]()
	unmarshalerType = reflect.TypeFor[Unmarshaler]()
)

func (d *decoder) value(n *Node, v reflect.Value, path string) {
	if n == nil || n.Kind == Null {
		return
	}
	if v.Kind() == reflect.Pointer {
		if v.Type().Elem() == nodeType {
			v.Set(reflect.ValueOf(n))
			return
		}
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		if !v.Type().Implements(unmarshalerType) {
			d.value(n, v.Elem(), path)
			return
		}
	}
	if v.Type() == nodeType {
		v.Set(reflect.ValueOf(*n))
		return
	}
	if u, ok := asUnmarshaler(v); ok {
		if d.verify && hasUnknown(n) {
			return
		}
		if err := u.UnmarshalNode(n); err != nil {
			e, ok := errors.AsType[*Error](err)
			if !ok {
				e = errorf(n.Position, "%s", err)
			}
			d.faults.add(e)
		}
		return
	}
	if n.Kind == Unknown && d.verify {
		return
	}
	if n.Kind == Unknown {
		d.fault(n, "the value of %s is not known yet", last(path))
		return
	}
	switch v.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		d.scalar(n, v, path)
	case reflect.Struct:
		if n.Kind != Mapping {
			d.fault(n, "Value of property %s must be an object", last(path))
			return
		}
		d.structure(n, v, path)
	case reflect.Map:
		d.mapping(n, v, path)
	case reflect.Slice:
		d.slice(n, v, path)
	default:
		d.fault(n, "the property %s cannot be stored in a Go %s", last(path), v.Type())
	}
}

func asUnmarshaler(v reflect.Value) (Unmarshaler, bool) {
	if v.CanAddr() {
		if u, ok := reflect.TypeAssert[Unmarshaler](v.Addr()); ok {
			return u, true
		}
	}
	return reflect.TypeAssert[Unmarshaler](v)
}

func last(path string) string {
	if path == "" {
		return "Properties"
	}
	return path[strings.LastIndexByte(path, '/')+1:]
}

func (d *decoder) scalar(n *Node, v reflect.Value, path string) {
	if n.Kind != Scalar {
		d.fault(n, "Value of property %s must be of type %s", last(path), typeName(v.Kind()))
		return
	}
	ok := true
	switch v.Kind() {
	case reflect.String:
		v.SetString(scalarText(n))
	case reflect.Bool:
		var b bool
		b, ok = parseBool(n.Value)
		v.SetBool(b)
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(n.Value, 64)
		if ok = err == nil && !math.IsInf(f, 0) && !math.IsNaN(f); ok {
			v.SetFloat(f)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		var i int64
		if i, ok = integer(n.Value); ok && !v.OverflowInt(i) {
			v.SetInt(i)
		} else {
			ok = false
		}
	default:
		var i int64
		if i, ok = integer(n.Value); ok && i >= 0 && !v.OverflowUint(uint64(i)) {
			v.SetUint(uint64(i))
		} else {
			ok = false
		}
	}
	if !ok {
		d.fault(n, "Value of property %s must be of type %s", last(path), typeName(v.Kind()))
	}
}

// integer reads 30, "30" and 30.0.
func integer(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	if whole, fraction, ok := strings.Cut(s, "."); ok && fraction != "" && strings.Trim(fraction, "0") == "" {
		s = whole
	}
	i, err := strconv.ParseInt(s, 10, 64)
	return i, err == nil
}

func typeName(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return "String"
	case reflect.Bool:
		return "Boolean"
	case reflect.Float32, reflect.Float64:
		return "Number"
	default:
		return "Integer"
	}
}

func (d *decoder) structure(n *Node, v reflect.Value, path string) {
	known := fields(v.Type())
	names := make([]string, 0, len(known))
	for _, f := range known {
		names = append(names, f.name)
	}
	for _, p := range n.Pairs {
		i := slices.Index(names, p.Key)
		if i < 0 {
			d.faults.add(UnsupportedProperty(p, names))
			continue
		}
		before := len(d.faults.list)
		d.value(p.Value, v.FieldByIndex(known[i].index), path+"/"+p.Key)
		if d.verify && len(d.faults.list) == before && known[i].values != nil && p.Value.IsScalar() && !slices.Contains(known[i].values, p.Value.Value) {
			e := errorf(p.Value.Position, "#%s: %s is not a valid enum value", path+"/"+p.Key, p.Value.Value)
			if e.Hint = didYouMean(p.Value.Value, known[i].values); e.Hint == "" {
				e.Hint = "it is one of " + strings.Join(known[i].values, ", ")
			}
			d.faults.add(e)
		}
		if why := known[i].refuse; d.verify && why != "" && p.Value.says() {
			e := errorf(p.Value.Position, "hakone does not support %s: %s", strings.TrimPrefix(path+"/"+p.Key, "/"), why)
			d.faults.add(e)
			d.refused.add(e)
		}
	}
	for _, f := range known {
		if f.required && n.Get(f.name).IsNull() {
			d.fault(n, "Property validation failure: [The property {%s} is required]", path+"/"+f.name)
		}
	}
}

// says reports whether a value asks for anything: an empty one and false do not,
// and one that is not known yet may not.
func (n *Node) says() bool {
	switch n.Kind {
	case Null, Unknown:
		return false
	case Scalar:
		b, ok := parseBool(n.Value)
		return n.Value != "" && (b || !ok)
	default:
		return len(n.Items)+len(n.Pairs) > 0
	}
}

type field struct {
	name     string
	index    []int
	required bool
	values   []string // the only ones, if there are any
	refuse   string   // why nothing may be said here, if so
}

// fields returns the properties of a struct, those of embedded ones included.
func fields(t reflect.Type) []field {
	var list []field
	for _, f := range reflect.VisibleFields(t) {
		if !f.IsExported() || f.Anonymous && f.Tag.Get("json") == "" {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch name {
		case "-":
			continue
		case "":
			name = f.Name
		}
		one := field{name: name, index: f.Index, required: f.Tag.Get("required") == "true", refuse: f.Tag.Get("refuse")}
		if values, ok := f.Tag.Lookup("oneof"); ok {
			one.values = strings.Split(values, ",")
		}
		list = append(list, one)
	}
	return list
}

func (d *decoder) mapping(n *Node, v reflect.Value, path string) {
	if n.Kind != Mapping || v.Type().Key().Kind() != reflect.String {
		d.fault(n, "Value of property %s must be an object", last(path))
		return
	}
	m := reflect.MakeMapWithSize(v.Type(), len(n.Pairs))
	for _, p := range n.Pairs {
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(p.Value, item, path+"/"+p.Key)
		m.SetMapIndex(reflect.ValueOf(p.Key).Convert(v.Type().Key()), item)
	}
	v.Set(m)
}

// slice stores a list. A scalar in place of a list of scalars is taken as a
// list of one, as CloudFormation does.
func (d *decoder) slice(n *Node, v reflect.Value, path string) {
	items := n.Items
	if n.Kind == Scalar && v.Type().Elem().Kind() != reflect.Struct {
		items = []*Node{n}
	} else if n.Kind != Sequence {
		d.fault(n, "Value of property %s must be of type List", last(path))
		return
	}
	s := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		d.value(item, s.Index(i), path+"/"+strconv.Itoa(i))
	}
	v.Set(s)
}
