package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/hakonegate/hakone/internal/server"
)

func (p *program) diffCommand() *cobra.Command {
	var o deployOptions
	command := &cobra.Command{
		Use:   "diff PATH…",
		Short: "Show what deploying templates would change",
		Long: `Compare every template that PATH names with the stacks of the running server,
as a change set does: what would be created, updated in place, replaced, deleted.
Nothing is changed. The exit status is 0 with and without changes.`,
		Example: "  hakone diff template.yaml --parameter-overrides Stage=prod",
		Args:    arguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, paths []string) error {
			d, client, err := p.prepare(c.Context(), &o, paths)
			if err != nil {
				return err
			}
			previews, err := preview(c.Context(), client, &o, d)
			if err != nil {
				return err
			}
			if p.output == "json" {
				return p.printJSON(previews)
			}
			for i := range previews {
				for _, warning := range previews[i].Warnings {
					p.say("warning: %s", warning)
				}
			}
			return printPreviews(p.stdout, previews)
		},
	}
	o.flags(command.Flags())
	return command
}

func preview(ctx context.Context, c *client, o *deployOptions, d *deployment) ([]server.StackPreview, error) {
	var previews []server.StackPreview
	request := server.DeployRequest{Templates: d.templates, Placeholders: o.placeholders}
	return previews, c.call(ctx, http.MethodPost, "/_hakone/preview", request, &previews)
}

var signs = map[string]string{"create": "+", "update": "~", "replace": "±", "delete": "-"}

// printPreviews writes what would happen, a line for each resource and one for
// each of its properties that differs.
func printPreviews(w io.Writer, previews []server.StackPreview) error {
	var b strings.Builder
	for _, s := range previews {
		if len(s.Changes) == 0 {
			fmt.Fprintf(&b, "Stack %s: no changes of resources\n", s.Name)
			continue
		}
		fmt.Fprintf(&b, "Stack %s: %s\n", s.Name, strings.ToLower(s.Operation))
		for i := range s.Changes {
			c := &s.Changes[i]
			action := c.Action
			if c.Conditional {
				action = "perhaps replace"
			}
			fmt.Fprintf(&b, "  %s %s %s (%s)\n", signs[c.Action], action, c.LogicalID, c.Type)
			for _, name := range c.Properties {
				fmt.Fprintf(&b, "      %s%s\n", name, difference(c, name))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// difference returns a property before and after, if both are told and short.
func difference(c *server.PreviewChange, name string) string {
	before, after := propertyOf(c.Before, name), propertyOf(c.After, name)
	if before == "" && after == "" {
		return ""
	}
	const longest = 100
	for _, text := range []*string{&before, &after} {
		switch {
		case *text == "":
			*text = "none"
		case len(*text) > longest:
			*text = strings.ToValidUTF8((*text)[:longest], "") + "…"
		}
	}
	return ": " + before + " → " + after
}

func propertyOf(context json.RawMessage, name string) string {
	var c struct{ Properties map[string]json.RawMessage }
	if json.Unmarshal(context, &c) != nil {
		return ""
	}
	return string(c.Properties[name])
}

// mayDeploy shows what a deployment would do and asks for it, if a person can be
// asked.
func (p *program) mayDeploy(ctx context.Context, c *client, o *deployOptions, d *deployment) (bool, error) {
	previews, err := preview(ctx, c, o, d)
	if err != nil {
		return false, err
	}
	changes := 0
	for i := range previews {
		changes += len(previews[i].Changes)
	}
	if changes == 0 {
		return true, nil // nothing to think about
	}
	if err := printPreviews(p.stderr, previews); err != nil {
		return false, err
	}
	fmt.Fprint(p.stderr, "Deploy these changes? [y/N] ")
	return agreed(p.stdin)
}

// agreed reads a yes; everything else is a no.
func agreed(r io.Reader) (bool, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 100)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read answer: %w", err)
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes", nil
}

// asks reports whether there is a person to ask.
func (p *program) asks() bool {
	if p.output == "json" {
		return false
	}
	for _, stream := range []any{p.stdin, p.stderr} {
		if f, ok := stream.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
			return false
		}
	}
	return true
}
