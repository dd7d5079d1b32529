package awscurl

import (
	"io"
	"os"
	"strings"
)

// config reads more of the command line from a file in the form of curl's: a
// flag and its value on each line, with or without dashes, "=" or quotes.
// Values given before it on the command line are overridden, those after win.
func (p *parser) config(name string) error {
	const deepest = 8
	if p.depth++; p.depth > deepest {
		return failf(exitUsage, "--config: files name each other more than %d deep", deepest)
	}
	content, err := readAll(name, p.s)
	if err != nil {
		return failf(exitRead, "read configuration: %w", err)
	}
	var args []string
	for line := range strings.Lines(string(content)) {
		args = append(args, configLine(strings.TrimSpace(line))...)
	}
	rest := p.args
	p.args = args
	err = p.read()
	p.args = rest
	p.depth--
	return err
}

// configLine splits one line into words.
func configLine(line string) []string {
	if line == "" || line[0] == '#' {
		return nil
	}
	name, value := line, ""
	if i := strings.IndexAny(line, " \t=:"); i >= 0 {
		name, value = line[:i], strings.TrimLeft(line[i:], " \t=:")
	}
	if name == "url" || name == "--url" {
		return []string{"--url", configValue(value)}
	}
	if name[0] != '-' {
		name = "--" + name
	}
	if value == "" {
		return []string{name}
	}
	return []string{name, configValue(value)}
}

// configValue takes the quotes off value.
func configValue(value string) string {
	if !strings.HasPrefix(value, `"`) {
		return value
	}
	var b strings.Builder
	for i := 1; i < len(value) && value[i] != '"'; i++ {
		c := value[i]
		if c == '\\' && i+1 < len(value) {
			i++
			switch c = value[i]; c {
			case 'n':
				c = '\n'
			case 't':
				c = '\t'
			case 'r':
				c = '\r'
			case 'v':
				c = '\v'
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

// readAll reads a file that the user named; "-" is standard input.
func readAll(name string, s *streams) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(s.stdin)
	}
	return os.ReadFile(name) //nolint:gosec // the file is the one the user named
}
