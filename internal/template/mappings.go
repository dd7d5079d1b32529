package template

func (l *loader) mappings(n *Node) {
	for _, p := range l.section(n, "Mappings", "Mapping") {
		if p.Value.IsMap() && p.Value.Has("Fn::Transform") {
			l.t.mappings[p.Key] = p.Value
			continue
		}
		if !p.Value.IsMap() {
			l.fault(p.KeyPosition, "Template format error: Every Mappings member %s must be a map", p.Key)
			continue
		}
		l.t.mappings[p.Key] = p.Value
		for _, top := range p.Value.Pairs {
			if !top.Value.IsMap() {
				l.fault(top.KeyPosition, "Template format error: Every Mappings member %s must be a map", top.Key)
				continue
			}
			for _, second := range top.Value.Pairs {
				if !mappingValue(second.Value) {
					l.fault(second.KeyPosition, "Template format error: Every Mappings attribute must be a String or a List.")
				}
			}
		}
	}
}

func mappingValue(n *Node) bool {
	if !n.IsList() {
		return n.IsScalar()
	}
	for _, item := range n.Items {
		if !item.IsScalar() {
			return false
		}
	}
	return true
}
