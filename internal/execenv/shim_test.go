package execenv

import (
	"os"
	"path/filepath"
	"testing"
)

func TestShimsLeadToTheVersionThatIsChosen(t *testing.T) {
	root := filepath.Join(t.TempDir(), ".pyenv")
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	shim := filepath.Join(root, "shims", "python3.11")
	real := filepath.Join(root, "versions", "3.11.7", "bin", "python3.11")
	other := filepath.Join(root, "versions", "mine", "bin", "python3.11")
	for _, program := range []string{shim, real, other} {
		write(program, "")
	}
	work := filepath.Join(root, "..", "project", "below")
	write(filepath.Join(work, "file"), "")
	t.Chdir(work)
	tests := []struct{ name, environment, project, account, want string }{
		{"the account's version", "", "", "3.11.7\n", real},
		{"a project's version beats it", "", "mine\n", "3.11.7\n", other},
		{"the environment beats both", "3.11.7", "mine\n", "mine\n", real},
		{"a version that is not installed is the shim's to resolve", "", "", "3.11\n", shim},
		{"several versions are the shim's to choose from", "", "", "3.11.7\nmine\n", shim},
		{"no version is the shim's to resolve", "", "", "", shim},
		{"a path is no version", "../versions/mine", "", "3.11.7\n", shim},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("PYENV_VERSION", tt.environment)
			write(filepath.Join(root, "version"), tt.account)
			project := filepath.Join(work, "..", ".python-version")
			if tt.project == "" {
				_ = os.Remove(project)
			} else {
				write(project, tt.project)
			}
			if got := behindShim(shim); got != tt.want {
				t.Errorf("behind the shim is %s, want %s", got, tt.want)
			}
		})
	}
}
