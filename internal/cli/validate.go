package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/server"
	"github.com/hakonegate/hakone/internal/template"
)

// A finding is what validate says of a template.
type finding struct {
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Severity string `json:"severity"` // error or warning
	Message  string `json:"message"`
	details  string
}

func (p *program) validateCommand() *cobra.Command {
	var o offlineOptions
	command := &cobra.Command{
		Use:   "validate TEMPLATE…",
		Short: "Check templates: language, references, transforms",
		Long: `Check templates as CloudFormation does before it creates anything, and warn of
what it accepts but surely surprises. Errors are in CloudFormation's words.
With --output sarif: for tools that show findings in code reviews.`,
		Example: "  hakone validate template.yaml",
		Args:    arguments(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, files []string) error {
			findings := []finding{}
			failed := false
			for _, file := range files {
				warnings, err := p.validate(file, &o)
				for _, w := range warnings {
					findings = append(findings, finding{
						File: firstOf(w.File, file), Line: w.Line, Column: w.Column, Severity: "warning", Message: w.Text,
					})
				}
				if err != nil {
					failed = true
					findings = append(findings, findingOf(file, err))
				}
			}
			if err := p.printFindings(findings, files); err != nil {
				return err
			}
			if failed {
				return exitError(1)
			}
			return nil
		},
	}
	o.flags(command)
	return command
}

// validate checks one template up to the point where a deployment would create
// something.
func (p *program) validate(file string, o *offlineOptions) ([]template.Warning, error) {
	root, warnings, err := p.transform(file, o, false)
	if err != nil {
		return warnings, err
	}
	loaded, err := template.Load(root)
	if err != nil {
		return warnings, err
	}
	warnings = append(warnings, loaded.Warnings...)
	parameters, err := parseOverrides(o.parameters)
	if err != nil {
		return warnings, err
	}
	bound, err := loaded.Bind(parameters, template.Env{
		AccountID: "123456789012", Region: firstOf(p.region, "us-east-1"), StackName: "stack", Assume: true,
	})
	if err != nil {
		return warnings, err
	}
	warnings = append(append(warnings, bound.Warnings...), policyWarnings(bound.Resources())...)
	return warnings, bound.Check()
}

func findingOf(file string, err error) finding {
	f := finding{File: file, Severity: "error", Message: err.Error()}
	var faults *template.Error
	var problem *server.ProblemError
	switch {
	case errors.As(err, &faults):
		f.details = server.ProblemOf(faults).Details
		if len(faults.Notes) > 0 {
			f.File, f.Line, f.Column = firstOf(faults.Notes[0].File, file), faults.Notes[0].Line, faults.Notes[0].Column
		}
	case errors.As(err, &problem):
		f.details = problem.Details
	}
	return f
}

func (p *program) printFindings(findings []finding, files []string) error {
	switch p.output {
	case "json":
		return p.printJSON(findings)
	case "sarif":
		return p.printJSON(sarifOf(findings))
	}
	failed := map[string]bool{}
	for _, f := range findings {
		if f.Severity == "error" {
			failed[f.File] = true
			p.say("%s", f.Message)
			if f.details != "" {
				p.say("%s", f.details)
			}
			continue
		}
		p.say("%s:%d:%d: warning: %s", f.File, f.Line, f.Column, f.Message)
	}
	for _, file := range files {
		if !failed[file] {
			if _, err := fmt.Fprintf(p.stdout, "%s is valid\n", file); err != nil {
				return err
			}
		}
	}
	return nil
}
