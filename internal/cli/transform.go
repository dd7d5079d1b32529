package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/sam"
	"github.com/hakonegate/hakone/internal/server"
	"github.com/hakonegate/hakone/internal/template"
)

// offlineOptions are the flags of commands that read a template without a server.
type offlineOptions struct{ parameters []string }

func (p *program) transformCommand() *cobra.Command {
	var o offlineOptions
	command := &cobra.Command{
		Use:   "transform TEMPLATE",
		Short: "Print a template with its transforms applied, as JSON",
		Long: `Apply AWS::Include, AWS::LanguageExtensions and the SAM transform, and print the
template that CloudFormation would process. Errors are in SAM's words. A template
without a Transform section is taken for one of SAM.`,
		Example: "  hakone transform template.yaml | jq .Resources",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			expanded, warnings, err := p.transform(args[0], &o, true)
			for _, warning := range warnings {
				p.say("warning: %s", warning)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.stdout, "%s\n", expanded.JSON("  "))
			return err
		},
	}
	o.flags(command)
	return command
}

func (o *offlineOptions) flags(command *cobra.Command) {
	command.Flags().StringArrayVar(&o.parameters, "parameter-overrides", nil, "a template parameter, NAME=VALUE (repeatable)")
}

// transform reads a template and applies its transforms. Local code stays where
// it is: strict refuses its paths as the transform of AWS does, since AWS gets
// them packaged.
func (p *program) transform(file string, o *offlineOptions, strict bool) (*template.Node, []template.Warning, error) {
	parameters, err := parseOverrides(o.parameters)
	if err != nil {
		return nil, nil, usagef("--parameter-overrides: %w", err)
	}
	text, err := os.ReadFile(file) //nolint:gosec // the file is the one the user named
	if err != nil {
		return nil, nil, fmt.Errorf("read template: %w", err)
	}
	root, warnings, err := template.Parse(file, text)
	if err != nil {
		return nil, warnings, templateProblem(err)
	}
	// A template without a Transform section is printed as SAM would have it.
	unsaid := strict && !root.Has("Transform")
	region := firstOf(p.region, p.getenv("AWS_REGION"), p.getenv("AWS_DEFAULT_REGION"), "us-east-1")
	root, more, err := template.Macros(root, parameters, template.Env{Region: region, Include: includeFile, Partial: strict})
	warnings = append(warnings, more...)
	if err != nil || !sam.Applies(root) && !unsaid {
		return root, warnings, templateProblem(err)
	}
	options := sam.Options{Region: region, Parameters: parameters}
	if !strict {
		options.Artifact = func(path string, _ template.Position) (string, error) {
			return "s3://local/" + filepath.ToSlash(path), nil
		}
	}
	expanded, more, err := sam.Transform(root, options)
	return expanded, append(warnings, more...), templateProblem(err)
}

// includeFile reads what an AWS::Include names, relative to the file it stands in.
func includeFile(from template.Position, location string) (string, []byte, error) {
	path := location
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(from.File), location)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the template is the user's own
	return path, text, err
}

// templateProblem words a template's error for a person: AWS's text, then the
// places.
func templateProblem(err error) error {
	if faults, ok := errors.AsType[*template.Error](err); ok {
		return server.ProblemOf(faults)
	}
	return err
}
