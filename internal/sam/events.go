package sam

import (
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// An eventKind is a type of event source of functions.
type eventKind struct {
	rules []property
	link  func(*eventSource) error // checks and finds what the event refers to; may be nil
	make  func(*eventSource) error // adds the event's resources
}

// functionEvents are the event types of functions by name.
func functionEvents(name string) (eventKind, bool) {
	switch name {
	case "HttpApi":
		return eventKind{httpEventProperties, linkHTTPEvent, makeHTTPEvent}, true
	case "Api":
		return eventKind{restEventProperties, linkRESTEvent, makeRESTEvent}, true
	case "Schedule":
		return eventKind{scheduleProperties, nil, makeSchedule}, true
	case "ScheduleV2":
		return eventKind{scheduleV2Properties, nil, makeScheduleV2}, true
	case "EventBridgeRule", "CloudWatchEvent":
		return eventKind{ruleProperties, nil, makeRule}, true
	case "SNS":
		return eventKind{snsProperties, nil, makeSNS}, true
	case "S3":
		return eventKind{s3Properties, linkS3, makeS3}, true
	case "CloudWatchLogs":
		return eventKind{logsProperties, nil, makeLogs}, true
	case "IoTRule":
		return eventKind{iotProperties, nil, makeIoT}, true
	case "AlexaSkill":
		return eventKind{[]property{{name: "SkillId", shape: text}}, nil, makeAlexa}, true
	case "Cognito":
		return eventKind{cognitoProperties, linkCognito, makeCognito}, true
	}
	if _, ok := mappingSources[name]; ok {
		return eventKind{mappingProperties(name), nil, makeMapping}, true
	}
	return eventKind{}, false
}

// An eventSource is one event of a function.
type eventSource struct {
	*function
	event string         // the event's own id
	full  string         // the function's id and the event's: prefix of what it makes
	typ   string         // the event's Type
	node  *template.Node // the event
	props *template.Node
	kind  eventKind
	api   *template.Node // properties of the API that an API event belongs to
	apiID string
}

// linkEvents reads the events and finds what they refer to, before anything
// is made.
func (f *function) linkEvents() error {
	events := f.get("Events")
	if !events.IsMap() {
		return nil
	}
	for _, p := range events.Pairs {
		e, err := f.event(p)
		if err != nil {
			return err
		}
		if e.kind.link != nil {
			if err := e.kind.link(e); err != nil {
				return err
			}
		}
		f.events = append(f.events, e)
	}
	return nil
}

func (f *function) event(p template.Pair) (*eventSource, error) {
	if !p.Value.IsMap() {
		name := pythonType(p.Value)
		if name == "str" && f.hasAPI() {
			name = python2Type(p.Value)
		}
		return nil, invalidEvent(p.Key, p.Value, "'%s' object has no attribute 'get'", name)
	}
	typ := p.Value.Get("Type")
	kind, ok := functionEvents(typ.Str())
	if f.machine {
		kind, ok = stateMachineEvents(typ.Str())
	}
	if !ok {
		return nil, invalidEvent(p.Key, p.Value, "Resource dict has missing or invalid value for key Type. Event Type is: %s.", f.eventText(typ))
	}
	e := &eventSource{function: f, event: p.Key, full: f.id + p.Key, typ: typ.Value, node: p.Value, props: p.Value.Get("Properties"), kind: kind}
	if !isAlphanumeric(e.full) {
		return nil, invalidResource(e.full, p.Value, "Logical ids must be alphanumeric.")
	}
	if e.props == nil {
		e.props = template.Map().At(p.Value.Position)
	}
	if !e.props.IsMap() {
		return nil, invalidResource(e.full, e.props, "Properties of a resource must be an object.")
	}
	return e, validate(e.full, e.typ, e.props, kind.rules)
}

// hasAPI reports whether the template has an API, whose events AWS's transform
// handles as Python 2 would.
func (t *translator) hasAPI() bool {
	for _, p := range t.resources.Pairs {
		if kind := kindOf(p.Value); kind == "Api" || kind == "HttpApi" {
			return true
		}
	}
	return false
}

func (f *function) eventText(n *template.Node) string {
	if f.hasAPI() {
		return python2Text(n)
	}
	return pythonText(n)
}

// makeEvents adds the resources of all events. Events of APIs go by path, so
// that $default comes first: its permission covers the function's other paths.
func (f *function) makeEvents() error {
	slices.SortStableFunc(f.events, func(a, b *eventSource) int { return strings.Compare(a.order(), b.order()) })
	for _, e := range f.events {
		if err := e.kind.make(e); err != nil {
			return err
		}
	}
	return nil
}

func (e *eventSource) order() string {
	if path := e.props.Get("Path"); path.IsScalar() {
		return path.Value
	}
	return e.event
}

// get returns a property of the event, nil when it is absent or null.
func (e *eventSource) get(name string) *template.Node { return present(e.props.Get(name)) }

func (e *eventSource) invalid(at *template.Node, format string, args ...any) error {
	if at == nil {
		at = e.node
	}
	return invalidEvent(e.event, at, format, args...)
}

// permission lets a service invoke the function.
func (e *eventSource) permission(principal, id string, properties ...template.Pair) *resource {
	p := newResource(id, "AWS::Lambda::Permission", e.inherited())
	p.set("Action", template.Text("lambda:InvokeFunction"))
	p.set("FunctionName", e.invoked())
	p.set("Principal", template.Text(principal))
	for _, property := range properties {
		p.set(property.Key, property.Value)
	}
	return p
}
