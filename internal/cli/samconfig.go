package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// samConfig is a samconfig.toml: environment → command → parameters, as SAM CLI
// reads it. Its zero value has no parameters.
type samConfig struct {
	path         string
	environments map[string]map[string]samParameters
}

// samParameters are the options of one command.
type samParameters map[string]any

// deployParameters are the options of `sam deploy` that mean something here.
type deployParameters struct {
	StackName string
	Region    string
	Overrides map[string]string // template parameters
}

// readSAMConfig reads the samconfig.toml of a folder. A folder without one has an
// empty configuration.
func readSAMConfig(dir string) (*samConfig, error) {
	path := filepath.Join(dir, "samconfig.toml")
	text, err := os.ReadFile(path) //nolint:gosec // the folder is the one the user named
	if errors.Is(err, fs.ErrNotExist) {
		return &samConfig{path: path}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read SAM configuration: %w", err)
	}
	var tree map[string]any
	if err := toml.Unmarshal(text, &tree); err != nil {
		if syntax, ok := errors.AsType[*toml.DecodeError](err); ok {
			row, column := syntax.Position()
			return nil, fmt.Errorf("%s:%d:%d: %s", path, row, column, syntax.Error())
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c := &samConfig{path: path, environments: map[string]map[string]samParameters{}}
	for environment, commands := range tree {
		table, ok := commands.(map[string]any)
		if !ok {
			continue // version = 0.1
		}
		c.environments[environment] = map[string]samParameters{}
		for command, section := range table {
			sections, ok := section.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("%s: [%s.%s] must be a table", path, environment, command)
			}
			parameters, _ := sections["parameters"].(map[string]any)
			c.environments[environment][command] = parameters
		}
	}
	return c, nil
}

// deployment returns the options for a template of the folder: those of the
// environment that names the template in template_file, else those of
// environment (SAM's --config-env) when the template has the name that SAM CLI
// takes by itself, else only what is global to environment. Only the default
// environment may be missing.
func (c *samConfig) deployment(environment, template string) (deployParameters, error) {
	if _, ok := c.environments[environment]; !ok && environment != "default" {
		return deployParameters{}, usagef("--config-env: %s has no environment %s, but %s",
			c.path, environment, firstOf(strings.Join(slices.Sorted(maps.Keys(c.environments)), ", "), "none"))
	}
	for _, name := range slices.Sorted(maps.Keys(c.environments)) {
		if file := c.merged(name).text("template_file", "template", "t"); file != "" && filepath.Base(file) == template {
			return c.parse(name, c.merged(name))
		}
	}
	merged := c.merged(environment)
	if slices.Contains([]string{"template.yaml", "template.yml", "template.json"}, template) && merged.text("template_file", "template") == "" {
		return c.parse(environment, merged)
	}
	return c.parse(environment, c.environments[environment]["global"])
}

func (c *samConfig) merged(environment string) samParameters {
	merged := samParameters{}
	for _, command := range []string{"global", "deploy"} {
		maps.Copy(merged, c.environments[environment][command])
	}
	return merged
}

func (c *samConfig) parse(environment string, p samParameters) (deployParameters, error) {
	overrides, err := p.overrides()
	if err != nil {
		return deployParameters{}, fmt.Errorf("%s: [%s.deploy.parameters] parameter_overrides: %w", c.path, environment, err)
	}
	return deployParameters{StackName: p.text("stack_name"), Region: p.text("region"), Overrides: overrides}, nil
}

// text returns the first of the named options that is set.
func (p samParameters) text(names ...string) string {
	for _, name := range names {
		if text, ok := p[name].(string); ok {
			return text
		}
	}
	return ""
}

func (p samParameters) overrides() (map[string]string, error) {
	var words []string
	switch value := p["parameter_overrides"].(type) {
	case nil:
		return map[string]string{}, nil
	case string:
		words = splitWords(value)
	case []any:
		for _, item := range value {
			words = append(words, splitWords(fmt.Sprint(item))...)
		}
	case map[string]any:
		overrides := map[string]string{}
		for key, item := range value {
			overrides[key] = fmt.Sprint(item)
		}
		return overrides, nil
	default:
		return nil, fmt.Errorf("must be text or a list, not %v", value)
	}
	return parseOverrides(words)
}

// parseOverrides reads NAME=VALUE and ParameterKey=NAME,ParameterValue=VALUE.
func parseOverrides(words []string) (map[string]string, error) {
	overrides := map[string]string{}
	for _, word := range words {
		if rest, ok := strings.CutPrefix(word, "ParameterKey="); ok {
			key, value, ok := strings.Cut(rest, ",ParameterValue=")
			if !ok {
				return nil, fmt.Errorf("%q has no ParameterValue", word)
			}
			overrides[key] = value
			continue
		}
		key, value, ok := strings.Cut(word, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("%q is not NAME=VALUE", word)
		}
		overrides[key] = value
	}
	return overrides, nil
}

var overrideRE = regexp.MustCompile(`^[A-Za-z0-9]+=`)

// flagWords takes flags of several overrides apart, which SAM CLI takes as one
// text: "A=1 B=2". A value that only has blanks in it stays whole.
func flagWords(flags []string) []string {
	var all []string
	for _, flag := range flags {
		words := splitWords(flag)
		if len(words) < 2 || slices.ContainsFunc(words, func(w string) bool { return !overrideRE.MatchString(w) }) {
			words = []string{flag}
		}
		all = append(all, words...)
	}
	return all
}

// splitWords splits at blanks outside quotes; quotes and backslashes before
// quotes are taken out, as SAM CLI does.
func splitWords(text string) []string {
	var words []string
	var word strings.Builder
	inWord, quote := false, rune(0)
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped, inWord = false, true
		case r == '\\':
			escaped = true
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, inWord = r, true
		case quote == 0 && (r == ' ' || r == '\t' || r == '\n'):
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words
}
