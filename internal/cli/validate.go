package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/server"
	"github.com/hakonegate/hakone/internal/service/cloudformation"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// A finding is what validate says of a template.
type finding struct {
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Severity string `json:"severity"` // error or warning
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
	details  string
	repeated bool // the same fault at another place, which details have already
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
					findings = append(findings, findingsOf(file, err)...)
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
	parameters, err := parseOverrides(o.parameters)
	if err != nil {
		return nil, usagef("--parameter-overrides: %w", err)
	}
	text, err := os.ReadFile(file) //nolint:gosec // the file is the one the user named
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, fmt.Errorf("find template: %w", err)
	}
	in := &cloudformation.DeployInput{
		StackName: "stack", Text: string(text), File: file, Dir: dir, Parameters: parameters, GrantAll: true, Placeholders: []string{"all"}, Early: true,
	}
	l, err := cloudformation.Validate(in, server.ResourceTypes(), template.Env{
		AccountID: firstOf(p.account, "123456789012"), StackName: "stack", Assume: true,
		Region: firstOf(p.region, p.getenv("AWS_REGION"), p.getenv("AWS_DEFAULT_REGION"), "us-east-1"),
	})
	if l == nil {
		return nil, err
	}
	warnings := l.Warnings
	if l.Bound != nil {
		found, refused := policyFindings(l.Bound.Resources())
		warnings = append(append(warnings, found...), unserved(l)...)
		err = withFaults(err, refused)
	}
	return warnings, err
}

// unserved tells of what AWS has and hakone has not: a deployment stops there.
func unserved(l *cloudformation.Loaded) (out []template.Warning) {
	for _, c := range l.Classes {
		if c.Level == stack.Placeholder {
			out = append(out, template.Warning{Position: c.Position, Text: fmt.Sprintf(
				"%s is of type %s, which hakone serves only as a placeholder or where an emulator does: see --placeholder and --service-endpoint of hakone up", c.LogicalID, c.Type,
			)})
		}
	}
	return out
}

// findingsOf returns one finding for each fault and place.
func findingsOf(file string, err error) []finding {
	faults, ok := errors.AsType[*template.Error](err)
	if refused, is := errors.AsType[*awserr.Error](err); !ok && is {
		return []finding{{File: file, Severity: "error", Message: refused.Message, details: file}}
	}
	if !ok {
		return []finding{{File: file, Severity: "error", Message: err.Error()}}
	}
	var out []finding
	for _, fault := range append([]*template.Error{faults}, faults.More...) {
		f := finding{File: file, Severity: "error", Message: fault.Message, Hint: fault.Hint}
		alone := *fault
		alone.More = nil
		f.details = strings.TrimPrefix(strings.TrimPrefix(alone.Detail(), fault.Message), "\n")
		notes := fault.Notes
		if len(notes) == 0 {
			notes = []template.Note{{}}
		}
		for i, n := range notes {
			f.File, f.Line, f.Column = firstOf(n.File, file), n.Line, n.Column
			if i > 0 {
				f.repeated = true
			}
			out = append(out, f)
		}
	}
	return out
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
			if f.repeated {
				continue
			}
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
