package template

import (
	"fmt"
	"slices"
	"strings"
)

// Lint returns what CloudFormation accepts and what surely surprises the
// author. root is the template as written: a transform drops parameters that
// it has used. [Parse] calls it.
func Lint(root *Node) []Warning {
	l := linter{root: root, used: map[string]bool{}, names: map[string]bool{}}
	for _, name := range slices.Concat(root.Get("Parameters").Keys(), root.Get("Resources").Keys(), pseudoNames) {
		l.names[name] = true
	}
	for _, p := range root.pairs() {
		if p.Key == "Parameters" || p.Key == "Metadata" {
			continue
		}
		l.scalars(p.Value, "", false)
		w := walker{visit: func(r reference) { l.reference(p.Key, r) }}
		w.walk(p.Value, "")
	}
	l.rules(root.Get("Rules"))
	l.unused()
	l.keyPairs(root.Get("Outputs"))
	slices.SortStableFunc(l.warnings, func(a, b Warning) int { return a.Line - b.Line })
	return l.warnings
}

type linter struct {
	root     *Node
	used     map[string]bool
	names    map[string]bool // that Ref knows
	opaque   bool            // something in it is read from elsewhere and may use anything
	warnings []Warning
}

func (n *Node) pairs() []Pair {
	if n == nil {
		return nil
	}
	return n.Pairs
}

func (l *linter) warn(p Position, format string, args ...any) {
	if len(l.warnings) < 10*maxFaults {
		l.warnings = append(l.warnings, Warning{Position: p, Text: fmt.Sprintf(format, args...)})
	}
}

func (l *linter) reference(section string, r reference) {
	if r.how != "Ref" && r.how != "Fn::Sub" {
		return
	}
	l.used[r.name] = true
	if section == "Outputs" && truth(l.root.Path("Parameters", r.name, "NoEcho")) {
		l.warn(r.position(), "this output shows the value of %s in clear, though the parameter has NoEcho", r.name)
	}
}

// rules marks parameters that only Fn::RefAll or Fn::ValueOf name.
func (l *linter) rules(n *Node) {
	if n == nil {
		return
	}
	switch name, arg := n.Function(); name {
	case "Fn::ValueOf", "Fn::ValueOfAll", "Fn::RefAll":
		for _, item := range arg.Items {
			l.used[item.Str()] = true
		}
		for _, p := range l.root.Get("Parameters").pairs() {
			if p.Value.Get("Type").Str() == arg.Str() || slices.ContainsFunc(arg.Items, func(i *Node) bool { return i.Str() == p.Value.Get("Type").Str() }) {
				l.used[p.Key] = true
			}
		}
	}
	for _, item := range n.Items {
		l.rules(item)
	}
	for _, p := range n.Pairs {
		l.rules(p.Value)
	}
}

func (l *linter) unused() {
	if l.opaque || HasTransform(l.root, includeTransform) {
		return
	}
	for _, p := range l.root.Get("Parameters").pairs() {
		if !l.used[p.Key] {
			l.warn(p.KeyPosition, "the parameter %s is not used", p.Key)
		}
	}
}

// scalars looks at text: numbers with a leading zero, ${Name} where nothing
// substitutes it, functions beside other keys.
func (l *linter) scalars(n *Node, key string, substituted bool) {
	if n == nil {
		return
	}
	if n.Kind == Scalar {
		l.scalar(n, key, substituted)
	}
	for _, item := range n.Items {
		l.scalars(item, key, substituted)
	}
	substituted = substituted || n.Has("DefinitionSubstitutions")
	for _, p := range n.Pairs {
		inner := substituted || p.Key == "Fn::Sub" || p.Key == "Fn::Transform"
		switch {
		case p.Key == "Fn::Transform":
			l.opaque = true
		case strings.HasPrefix(p.Key, "Fn::") && len(n.Pairs) > 1 && !strings.HasPrefix(p.Key, forEach):
			l.warn(p.KeyPosition, "%s is not a function here, because its map has other keys too", p.Key)
		case strings.HasPrefix(p.Key, forEach) && p.Value.IsList() && len(p.Value.Items) == 3:
			inner = true
		}
		l.scalars(p.Value, p.Key, inner)
	}
}

func (l *linter) scalar(n *Node, key string, substituted bool) {
	if !n.Quoted && len(n.Value) > 1 && n.Value[0] == '0' && strings.Trim(n.Value, "0123456789") == "" {
		l.warn(n.Position, "%s is not in quotes: it is kept as written, but YAML readers take a leading zero for an octal number", n.Value)
	}
	switch key {
	case "InlineCode", "ZipFile", "UserData", "DefinitionString", "Fn::Base64", "Description":
		return
	}
	if substituted || !strings.Contains(n.Value, "${") {
		return
	}
	parts, _ := parseSub(n.Value)
	for _, part := range parts {
		name, _, _ := strings.Cut(part.name, ".")
		if l.names[name] {
			l.warn(n.find(part.text, 0), "%s stays as it is: there is no Fn::Sub around it", part.text)
			l.used[name] = true
		}
	}
}

// keyPairs warns of outputs that name a key pair's private key by the key's
// name: the parameter store has it under the key pair's id.
func (l *linter) keyPairs(outputs *Node) {
	const prefix = "/ec2/keypair/"
	text := func(name string) string {
		return fmt.Sprintf("no such parameter: Ref gives the name of a key pair, and the private key is stored under its id; write %s${%s.KeyPairId}", prefix, name)
	}
	isKeyPair := func(name string) bool {
		return l.root.Path("Resources", name, "Type").Str() == "AWS::EC2::KeyPair"
	}
	var look func(n *Node)
	look = func(n *Node) {
		if n == nil {
			return
		}
		switch name, arg := n.Function(); name {
		case "Fn::Sub":
			at, _, parts, err := subArguments(n, arg)
			for i, part := range parts {
				if err == nil && i > 0 && strings.HasSuffix(parts[i-1].text, prefix) && isKeyPair(part.name) {
					l.warn(at.find(part.text, 0), "%s", text(part.name))
				}
			}
		case "Fn::Join":
			if arg.IsList() && len(arg.Items) == 2 {
				for i, item := range arg.Items[1].Items {
					if f, to := item.Function(); f == "Ref" && i > 0 && isKeyPair(to.Str()) &&
						strings.HasSuffix(arg.Items[1].Items[i-1].Str()+arg.Items[0].Str(), prefix) {
						l.warn(item.Position, "%s", text(to.Str()))
					}
				}
			}
		}
		for _, item := range n.Items {
			look(item)
		}
		for _, p := range n.Pairs {
			look(p.Value)
		}
	}
	look(outputs)
}
