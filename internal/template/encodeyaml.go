package template

import (
	"fmt"

	"go.yaml.in/yaml/v4"
)

// YAML returns n as YAML in block style, with keys in source order. Texts that
// would read as something else are quoted.
func (n *Node) YAML() ([]byte, error) {
	text, err := yaml.Dump(n.yaml(), yaml.WithIndent(2))
	if err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return text, nil
}

func (n *Node) yaml() *yaml.Node {
	switch {
	case n.IsNull():
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	case n.IsMap():
		out := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		for _, p := range n.Pairs {
			out.Content = append(out.Content, yamlText(p.Key), p.Value.yaml())
		}
		return out
	case n.IsList():
		out := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for _, item := range n.Items {
			out.Content = append(out.Content, item.yaml())
		}
		return out
	case n.IsBool(), n.IsNumber():
		return &yaml.Node{Kind: yaml.ScalarNode, Value: n.Value}
	default:
		return yamlText(n.Value)
	}
}

func yamlText(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}
