package policy

import "strings"

// An operator is a condition operator with its prefix and suffix, such as
// ForAnyValue:StringLikeIfExists.
type operator struct {
	base     *baseOperator
	set      setForm
	ifExists bool
}

// A setForm says how an operator treats a key's several values.
type setForm uint8

const (
	noSet        setForm = iota
	forAllValues         // every value of the request
	forAnyValue          // at least one
)

var setNames = [...]string{noSet: "", forAllValues: "ForAllValues:", forAnyValue: "ForAnyValue:"}

// A baseOperator is one of the documented operators.
type baseOperator struct {
	name    string
	compare comparison
	negated bool // true when none of the policy's values compares
}

// A comparison is what an operator compares, and how.
type comparison uint8

const (
	compareString comparison = iota
	compareFold
	compareLike
	compareARN
	compareBool
	compareBinary
	compareAddress
	compareNull
	numberEquals
	numberLess
	numberLessOrEqual
	numberGreater
	numberGreaterOrEqual
	dateEquals
	dateLess
	dateLessOrEqual
	dateGreater
	dateGreaterOrEqual
)

func (c comparison) numeric() bool { return c >= numberEquals && c <= numberGreaterOrEqual }
func (c comparison) date() bool    { return c >= dateEquals && c <= dateGreaterOrEqual }

// variables reports whether AWS documents policy variables for the operator.
func (c comparison) variables() bool { return c <= compareBool }

// holds reports whether an ordered comparison is true of cmp, the result of
// comparing the request's value with the policy's.
func (c comparison) holds(cmp int) bool {
	switch c {
	case numberEquals, dateEquals:
		return cmp == 0
	case numberLess, dateLess:
		return cmp < 0
	case numberLessOrEqual, dateLessOrEqual:
		return cmp <= 0
	case numberGreater, dateGreater:
		return cmp > 0
	case numberGreaterOrEqual, dateGreaterOrEqual:
		return cmp >= 0
	default:
		return false
	}
}

var baseOperators = []*baseOperator{
	{"StringEquals", compareString, false},
	{"StringNotEquals", compareString, true},
	{"StringEqualsIgnoreCase", compareFold, false},
	{"StringNotEqualsIgnoreCase", compareFold, true},
	{"StringLike", compareLike, false},
	{"StringNotLike", compareLike, true},
	{"NumericEquals", numberEquals, false},
	{"NumericNotEquals", numberEquals, true},
	{"NumericLessThan", numberLess, false},
	{"NumericLessThanEquals", numberLessOrEqual, false},
	{"NumericGreaterThan", numberGreater, false},
	{"NumericGreaterThanEquals", numberGreaterOrEqual, false},
	{"DateEquals", dateEquals, false},
	{"DateNotEquals", dateEquals, true},
	{"DateLessThan", dateLess, false},
	{"DateLessThanEquals", dateLessOrEqual, false},
	{"DateGreaterThan", dateGreater, false},
	{"DateGreaterThanEquals", dateGreaterOrEqual, false},
	{"Bool", compareBool, false},
	{"BinaryEquals", compareBinary, false},
	{"IpAddress", compareAddress, false},
	{"NotIpAddress", compareAddress, true},
	{"ArnEquals", compareARN, false},
	{"ArnLike", compareARN, false},
	{"ArnNotEquals", compareARN, true},
	{"ArnNotLike", compareARN, true},
	{"Null", compareNull, false},
}

var operatorByName = func() map[string]*baseOperator {
	m := map[string]*baseOperator{}
	for _, b := range baseOperators {
		m[strings.ToLower(b.name)] = b
	}
	return m
}()

// parseOperator reads an operator's name, without regard to case.
func parseOperator(name string) (operator, bool) {
	var o operator
	rest := strings.ToLower(name)
	for form, prefix := range setNames {
		if form == int(noSet) {
			continue
		}
		if after, ok := strings.CutPrefix(rest, strings.ToLower(prefix)); ok {
			o.set, rest = setForm(form), after
		}
	}
	if b := operatorByName[rest]; b != nil {
		o.base = b
		return o, true
	}
	rest, o.ifExists = strings.CutSuffix(rest, "ifexists")
	o.base = operatorByName[rest]
	return o, o.ifExists && o.base != nil && o.base.compare != compareNull
}

// String returns the operator's name as documented.
func (o operator) String() string {
	s := setNames[o.set] + o.base.name
	if o.ifExists {
		s += "IfExists"
	}
	return s
}
