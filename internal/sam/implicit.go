package sam

import (
	"slices"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// An apiKind is what the implicit REST API and the implicit HTTP API differ in.
type apiKind struct {
	event      string // the event's Type
	resource   string // SAM kind of the API
	reference  string // the event property that names the API
	implicit   string // logical id of the implicit API
	condition  string // made when functions of different conditions share it
	valid      func(body *template.Node) bool
	skeleton   func() *template.Node
	properties []template.Pair
}

var restAPI = apiKind{
	event: "Api", resource: "Api", reference: "RestApiId", implicit: "ServerlessRestApi", condition: "ServerlessRestApiCondition",
	valid: validSwagger, skeleton: swaggerSkeleton, properties: []template.Pair{template.P("StageName", template.Text("Prod"))},
}

var httpAPI = apiKind{
	event: "HttpApi", resource: "HttpApi", reference: "ApiId", implicit: "ServerlessHttpApi", condition: "ServerlessHttpApiCondition",
	valid: validOpenAPI, skeleton: openAPISkeleton,
}

// skeletons gives each API without a body an empty one, which events fill.
func (t *translator) skeletons() {
	t.each(func(id string, r *template.Node) {
		properties := r.Get("Properties")
		if truthy(properties.Get("DefinitionBody")) || truthy(properties.Get("DefinitionUri")) {
			return
		}
		kind := &restAPI
		if kindOf(r) == "HttpApi" {
			kind = &httpAPI
		}
		properties.Set("DefinitionBody", kind.skeleton().At(r.Position))
		t.managed[id] = true
	}, "Api", "HttpApi")
}

// An implicitAPI run finds the events of one kind, points those that name no
// API to the implicit one, and enters each path and method in its API's body.
type implicitRun struct {
	*translator
	*apiKind
	conditions map[string]map[string]map[string]bool // API → path → conditions of its methods; "" is none
	deletion   map[string][]string
	replace    map[string][]string
}

func (t *translator) implicitAPI(kind *apiKind) {
	run := &implicitRun{translator: t, apiKind: kind, conditions: map[string]map[string]map[string]bool{}, deletion: map[string][]string{}, replace: map[string][]string{}}
	existing := t.resources.Get(kind.implicit)
	wasManaged := t.managed[kind.implicit]
	api := template.Map(
		template.P("Type", template.Text(prefix+kind.resource)),
		template.P("Properties", template.Map(append(slices.Clone(kind.properties), template.P("DefinitionBody", kind.skeleton()))...)),
	)
	t.resources.Set(kind.implicit, api)
	t.managed[kind.implicit] = true

	kinds := []string{"Function", "StateMachine"}
	if kind == &httpAPI {
		kinds = kinds[:1]
	}
	t.each(func(id string, r *template.Node) {
		if err := run.events(r); err != nil {
			t.fail(asFault(id, r, err))
		}
	}, kinds...)

	run.conditionOfImplicit(api)
	run.conditionsOfPaths()
	if len(api.Path("Properties", "DefinitionBody", "paths").Pairs) == 0 {
		t.resources.Delete(kind.implicit)
		t.managed[kind.implicit] = wasManaged
		if existing != nil {
			t.resources.Set(kind.implicit, existing)
		}
	}
}

func (run *implicitRun) events(r *template.Node) error {
	events := r.Path("Properties", "Events")
	if !events.IsMap() || isIntrinsic(events) {
		return nil
	}
	for i := range events.Pairs {
		id, event := events.Pairs[i].Key, events.Pairs[i].Value
		if !event.IsMap() || event.Get("Type").Str() != run.event {
			continue
		}
		if p := event.Get("Properties"); !truthy(p) {
			event.Set("Properties", template.Map().At(event.Position))
		} else if !p.IsMap() {
			return invalidEvent(id, p, "Properties should be a map.")
		}
		if err := run.enter(id, event.Get("Properties"), r); err != nil {
			return err
		}
		run.propagateTags(event.Get("Properties"), r)
	}
	return nil
}

// enter adds an event's path and method to the API that it names.
func (run *implicitRun) enter(id string, event, function *template.Node) error {
	if !event.Has(run.reference) {
		event.Set(run.reference, template.Ref(run.implicit).At(event.Position))
	}
	if run.event == "HttpApi" && !truthy(event.Get("Path")) && !truthy(event.Get("Method")) {
		event.Set("Path", template.Text(defaultRoute).At(event.Position))
		event.Set("Method", template.Text(anyMethod).At(event.Position))
	}
	apiID := referenced(event.Get(run.reference))
	for _, name := range []string{"Path", "Method"} {
		switch value := event.Get(name); {
		case value.IsNull():
			return invalidEvent(id, event, "Property '%s' is required.", name)
		case !value.IsText():
			return invalidEvent(id, value, "Property '%s' should be a string.", name)
		}
	}
	if !apiID.IsText() {
		return invalidEvent(id, apiID, "Property '%s' should be a string.", run.reference)
	}
	api, path := run.resources.Get(apiID.Value), event.Get("Path").Value
	run.note(apiID.Value, path, function)

	other := restAPI.resource
	if run.resource == other {
		other = httpAPI.resource
	}
	if api == nil || kindOf(api) == other {
		return invalidEvent(id, apiID, "%s must be a valid reference to an '%s' resource in same template.", run.reference, prefix+run.resource)
	}
	if run.managed[apiID.Value] && run.valid(api.Path("Properties", "DefinitionBody")) {
		item, err := pathItem(api.Path("Properties", "DefinitionBody", "paths"), path)
		if err != nil {
			return err
		}
		for _, i := range branches(item) {
			if method := methodKey(event.Get("Method").Value); !i.Has(method) {
				i.Set(method, template.Map().At(event.Position))
			}
		}
	}
	if run.event == "HttpApi" && event.Has("RouteSettings") {
		return run.routeSettings(id, apiID.Value, event, function)
	}
	return nil
}

// propagateTags gives the implicit API the tags of a function that propagates
// its tags. Globals count although they are merged later: PropagateTags in
// either place, Tags of the function before those of Globals.
func (run *implicitRun) propagateTags(event, function *template.Node) {
	if referenced(event.Get(run.reference)).Str() != run.implicit {
		return
	}
	local, globals := function.Get("Properties"), run.root.Path("Globals", kindOf(function))
	if !truthy(local.Get("PropagateTags")) && !truthy(globals.Get("PropagateTags")) {
		return
	}
	tags := local.Get("Tags")
	if !truthy(tags) {
		tags = globals.Get("Tags")
	}
	if !tags.IsMap() || len(tags.Pairs) == 0 {
		return
	}
	api := run.resources.Path(run.implicit, "Properties")
	api.Set("PropagateTags", template.Bool(true))
	for _, p := range tags.Pairs {
		sectionOf(api, "Tags").Set(p.Key, p.Value.Clone())
	}
}

// referenced returns what an API reference names: the argument of a Ref, or
// the value itself.
func referenced(n *template.Node) *template.Node {
	if n.IsMap() && n.Has("Ref") {
		return n.Get("Ref")
	}
	return n
}

// note keeps the attributes that may pass from a function to the API.
func (run *implicitRun) note(api, path string, function *template.Node) {
	if run.conditions[api] == nil {
		run.conditions[api] = map[string]map[string]bool{}
	}
	if run.conditions[api][path] == nil {
		run.conditions[api][path] = map[string]bool{}
	}
	run.conditions[api][path][function.Get("Condition").Str()] = true
	if p := function.Get("DeletionPolicy").Str(); p != "" {
		run.deletion[api] = append(run.deletion[api], p)
	}
	if p := function.Get("UpdateReplacePolicy").Str(); p != "" {
		run.replace[api] = append(run.replace[api], p)
	}
}

// routeSettings moves an event's RouteSettings to its API.
func (run *implicitRun) routeSettings(id, apiID string, event, function *template.Node) error {
	properties := run.resources.Get(apiID).Get("Properties")
	path, method := event.Get("Path").Value, event.Get("Method").Value
	route := strings.ToUpper(method) + " " + path
	if method == anyMethod {
		route = path
	}
	if properties == nil {
		return nil
	}
	all := properties.Get("RouteSettings")
	if all.IsNull() {
		all = template.Map().At(event.Position)
		properties.Set("RouteSettings", all)
	}
	if !all.IsMap() {
		return invalidResource(apiID, all, "Property 'RouteSettings' should be a map.")
	}
	if settings := event.Get("RouteSettings"); !settings.IsMap() {
		return invalidEvent(id, settings, "Property 'RouteSettings' should be a map.")
	}
	own := event.Get("RouteSettings").Clone()
	if c := function.Get("Condition").Str(); c != "" {
		own = orNothing(c, own)
	}
	if current := all.Get(route); current.IsMap() && own.IsMap() {
		for _, p := range own.Pairs {
			current.Set(p.Key, p.Value)
		}
		return nil
	}
	all.Set(route, own)
	return nil
}

// conditionOfImplicit makes the implicit API conditional if all its methods
// are, and lets it outlive the stack if one of its functions does.
func (run *implicitRun) conditionOfImplicit(api *template.Node) {
	paths := run.conditions[run.implicit]
	all := map[string]bool{}
	for _, conditions := range paths {
		for c := range conditions {
			all[c] = true
		}
	}
	if name := run.combined(run.condition, all); name != "" {
		api.Set("Condition", template.Text(name))
	}
	if p := strictest(run.deletion[run.implicit], "Retain", "Delete"); p != "" {
		api.Set("DeletionPolicy", template.Text(p))
	}
	if p := strictest(run.replace[run.implicit], "Retain", "Snapshot", "Delete"); p != "" {
		api.Set("UpdateReplacePolicy", template.Text(p))
	}
}

// strictest returns the first of order that is among policies.
func strictest(policies []string, order ...string) string {
	for _, p := range order {
		if slices.Contains(policies, p) {
			return p
		}
	}
	return ""
}

// combined returns the one condition of all, making a new one called name out
// of several; "" when there is none or something is unconditional.
func (run *implicitRun) combined(name string, all map[string]bool) string {
	if len(all) == 0 || all[""] {
		return ""
	}
	names := sortedKeys(all)
	if len(names) == 1 {
		return names[0]
	}
	run.orCondition(name, names)
	return name
}

// conditionsOfPaths makes a path conditional if all its methods are.
func (run *implicitRun) conditionsOfPaths() {
	run.each(func(id string, r *template.Node) {
		if !run.managed[id] {
			return
		}
		paths := r.Path("Properties", "DefinitionBody", "paths")
		if !paths.IsMap() {
			return
		}
		for i := range paths.Pairs {
			path := paths.Pairs[i].Key
			name := id + strings.NewReplacer("/", "SLASH", "{", "OB", "}", "CB").Replace(path) + "PathCondition"
			if c := run.combined(name, run.conditions[id][path]); c != "" {
				paths.Pairs[i].Value = orNothing(c, paths.Pairs[i].Value)
			}
		}
	}, run.resource)
}

// orCondition adds a condition that holds if one of names does. Fn::Or takes
// ten conditions at most: more are chained through conditions name1, name2, ….
func (t *translator) orCondition(name string, names []string) {
	const most = 10
	conditions := t.root.Get("Conditions")
	if conditions.IsNull() {
		conditions = template.Map()
		t.root.Set("Conditions", conditions)
	}
	left := 1 + (len(names)-2)/(most-1) - 1
	for len(names) > 1 {
		link := name
		if left > 0 {
			link += strconv.Itoa(left)
			left--
		}
		or := template.List()
		for _, c := range names[:min(most, len(names))] {
			or.Append(template.Map(template.P("Condition", template.Text(c))))
		}
		conditions.Set(link, template.Map(template.P("Fn::Or", or)))
		names = append(slices.Clone(names[min(most, len(names)):]), link)
	}
}

func sortedKeys(set map[string]bool) []string {
	keys := make([]string, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
