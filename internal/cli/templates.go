package cli

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/server"
	"github.com/hakonegate/hakone/internal/template"
)

// A deployment is what a command line asks to deploy.
type deployment struct {
	templates []server.DeployTemplate
	region    string // from samconfig.toml; "" if it names none
}

// deployOptions are the flags that up and deploy share.
type deployOptions struct {
	configEnv    string
	stackName    string
	parameters   []string
	placeholders []string
}

// collect reads the templates that paths name, files or folders, with the
// options of the samconfig.toml beside them. Flags win.
func (o *deployOptions) collect(paths []string) (*deployment, error) {
	overrides, err := parseOverrides(flagWords(o.parameters))
	if err != nil {
		return nil, usagef("--parameter-overrides: %w", err)
	}
	d := &deployment{}
	for _, path := range paths {
		files, err := templateFiles(path)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if err := o.add(d, file, overrides); err != nil {
				return nil, err
			}
		}
	}
	if o.stackName != "" && len(d.templates) > 1 {
		return nil, usagef("--stack-name names one stack, but there are %d templates: %s", len(d.templates), fileNames(d.templates))
	}
	return d, d.checkNames(overrides)
}

func (o *deployOptions) add(d *deployment, file string, overrides map[string]string) error {
	text, err := os.ReadFile(file) //nolint:gosec // the file is the one the user named
	if err != nil {
		return fmt.Errorf("read template: %w", err)
	}
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return fmt.Errorf("find template: %w", err)
	}
	config, err := readSAMConfig(dir)
	if err != nil {
		return err
	}
	options, err := config.deployment(o.configEnv, filepath.Base(file))
	if err != nil {
		return err
	}
	if options.Region != "" && d.region != "" && options.Region != d.region {
		return fmt.Errorf("%s asks for region %s, but another template for %s: one server answers for one region: choose with --region", file, options.Region, d.region)
	}
	d.region = firstOf(options.Region, d.region)
	name := firstOf(o.stackName, options.StackName, stackNameFor(file, dir))
	maps.Copy(options.Overrides, overrides)
	d.templates = append(d.templates, server.DeployTemplate{
		File: file, Dir: dir, Text: string(text), StackName: name, Parameters: options.Overrides,
	})
	return nil
}

// checkNames refuses two templates for one stack, and takes overrides away from
// templates that do not declare the parameter when another does: a flag counts
// for all templates of the command line.
func (d *deployment) checkNames(overrides map[string]string) error {
	byName := map[string]string{}
	for _, t := range d.templates {
		if other, ok := byName[t.StackName]; ok {
			return fmt.Errorf("%s and %s both want the stack name %s: name them in samconfig.toml (template_file, stack_name)", other, t.File, t.StackName)
		}
		byName[t.StackName] = t.File
	}
	for name := range overrides {
		declared := func(t server.DeployTemplate) bool { return declares(t, name) }
		if !slices.ContainsFunc(d.templates, declared) {
			continue // the deployment says so in CloudFormation's words
		}
		for _, t := range d.templates {
			if !declared(t) {
				delete(t.Parameters, name)
			}
		}
	}
	return nil
}

// declares reports whether a template has the named parameter. A template that
// cannot be read has none: the deployment says why.
func declares(t server.DeployTemplate, name string) bool {
	root, _, err := template.Parse(t.File, []byte(t.Text))
	return err == nil && root.Get("Parameters").Get(name) != nil
}

// templateFiles returns the templates that path names: path itself if it is a
// file, else the files of the folder that are templates, sorted.
func templateFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil && overrideRE.MatchString(path) {
		return nil, usagef("%s is no template: quote overrides together, --parameter-overrides 'A=1 B=2', or repeat the flag", path)
	}
	if err != nil {
		return nil, fmt.Errorf("find templates: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("find templates: %w", err)
	}
	var files []string
	for _, entry := range entries {
		file := filepath.Join(path, entry.Name())
		if entry.Type().IsRegular() && isTemplate(file) {
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no template in %s: a template is a .yaml, .yml, .json or .template file with a Resources section", path)
	}
	return files, nil
}

var resourcesSection = regexp.MustCompile(`(?m)^(Resources|"Resources"|'Resources')\s*:|^\s*\{?\s*"Resources"\s*:`)

// isTemplate reports whether a file of a folder is a template: by its extension
// and a Resources section. A broken template still counts, so that it is
// reported rather than passed over.
func isTemplate(file string) bool {
	switch filepath.Ext(file) {
	case ".yaml", ".yml", ".json", ".template":
	default:
		return false
	}
	text, err := os.ReadFile(file) //nolint:gosec // the folder is the one the user named
	return err == nil && resourcesSection.Match(text)
}

// stackNameFor is the name of a stack that nobody named: the file's, or the
// folder's for a file called template.
func stackNameFor(file, dir string) string {
	base := filepath.Base(file)
	base = strings.TrimSuffix(base, filepath.Ext(base))
	if base == "template" {
		base = filepath.Base(dir)
	}
	name := strings.Trim(regexp.MustCompile(`[^A-Za-z0-9-]+`).ReplaceAllString(base, "-"), "-")
	if name == "" || name[0] < 'A' {
		name = "stack-" + name
	}
	return name
}

func fileNames(templates []server.DeployTemplate) string {
	names := make([]string, len(templates))
	for i, t := range templates {
		names[i] = t.File
	}
	return strings.Join(names, ", ")
}

func firstOf(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}
