package cli_test

import (
	"context"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"ramier/internal/cli"
)

// A terminal is where commands are run: a folder, an environment, and what is typed.
type terminal struct {
	t     *testing.T
	env   map[string]string
	typed string
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	t.Chdir(t.TempDir())
	return &terminal{t: t, env: map[string]string{}}
}

// A served platform is one that was set up in the folder "here" and runs, with its operator at the terminal.
type served struct {
	*terminal
	endpoint string
	stop     func() int
}

func (m *terminal) serve() *served {
	m.t.Helper()
	m.env["RAMIER_CONFIG"] = "here/ramier.toml"
	m.env["RAMIER_HTTP_LISTEN"], m.env["RAMIER_ANY_HOST"], m.env["RAMIER_LOG_FORMAT"] = "127.0.0.1:0", "true", "json"
	at, stop := m.start(`"http":"([^"]+)"`, "serve")
	return &served{m, "http://" + at[1] + "/1.0", stop}
}

// ok and fails are those of the terminal, for commands that call the platform.
func (s *served) ok(args string, want ...string) string {
	s.t.Helper()
	return s.terminal.ok(args+" --endpoint "+s.endpoint, want...)
}

func (s *served) fails(args, want string) {
	s.t.Helper()
	s.terminal.fails(1, args+" --endpoint "+s.endpoint, want)
}

func (m *terminal) exec(ctx context.Context, out, errOut io.Writer, args ...string) int {
	env := func(name string) string { return m.env[name] }
	return cli.Build{Version: "1.2.3", Date: "2026-11-23"}.Run(ctx, args, env, strings.NewReader(m.typed), out, errOut)
}

// run runs a command to its end.
func (m *terminal) run(args ...string) (code int, out, errOut string) {
	m.t.Helper()
	var o, e strings.Builder
	code = m.exec(m.t.Context(), &o, &e, args...)
	return code, o.String(), e.String()
}

// ok runs a command that must succeed, and looks for texts in what it prints. A space stands for any number of them.
func (m *terminal) ok(args string, want ...string) string {
	m.t.Helper()
	code, out, errOut := m.run(split(args)...)
	if code != 0 {
		m.t.Fatalf("ramier %s: exit code %d\n%s%s", args, code, out, errOut)
	}
	for _, text := range want {
		if !strings.Contains(squeezed(out), text) {
			m.t.Errorf("ramier %s: %q is not in\n%s", args, text, out)
		}
	}
	return out
}

// fails runs a command that must fail with the exit code and say why in one line.
func (m *terminal) fails(code int, args string, want string) {
	m.t.Helper()
	got, out, errOut := m.run(split(args)...)
	if got != code || !strings.Contains(errOut, want) || strings.Count(errOut, "\n") != 1 || !strings.HasPrefix(errOut, "ramier: ") {
		m.t.Errorf("ramier %s: exit code %d, want %d with %q\n%s%s", args, got, code, want, out, errOut)
	}
}

// failsAtLength is for a failure that takes more than a line.
func (m *terminal) failsAtLength(args, want string) {
	m.t.Helper()
	if code, _, errOut := m.run(split(args)...); code != 1 || !strings.Contains(errOut, want) {
		m.t.Errorf("ramier %s: exit code %d, %s", args, code, errOut)
	}
}

// split takes words apart; those in quotation marks stay together.
func split(line string) []string {
	var words []string
	for _, match := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, match[1]+match[2])
	}
	return words
}

func squeezed(text string) string { return regexp.MustCompile(` +`).ReplaceAllString(text, " ") }

// start runs a command in the background, until the test or the given function ends it, and waits until it has written
// what the pattern says. It gives the pattern's groups.
func (m *terminal) start(pattern, args string) (found []string, stop func() int) {
	m.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	screen := &screen{changed: make(chan struct{}, 1)}
	code := make(chan int, 1)
	go func() { code <- m.exec(ctx, screen, screen, split(args)...) }()
	stop = sync.OnceValue(func() int {
		cancel()
		return <-code
	})
	m.t.Cleanup(func() { stop() })
	timeout := time.After(time.Minute)
	for {
		if found = regexp.MustCompile(pattern).FindStringSubmatch(screen.String()); found != nil {
			return found, stop
		}
		select {
		case <-screen.changed:
		case c := <-code:
			code <- c
			m.t.Fatalf("ramier %s: exit code %d\n%s", args, c, screen)
		case <-timeout:
			m.t.Fatalf("ramier %s does not write %s:\n%s", args, pattern, screen)
		}
	}
}

// A screen keeps what is written, and tells of it.
type screen struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func TestVersionAndHelp(t *testing.T) {
	m := newTerminal(t)
	m.ok("version", "ramier 1.2.3 (2026-11-23)")
	m.ok("", "sandbox", "simulate", "doctor")
	m.ok("carrier", "status", "remove")
	m.ok("completion bash", "bash completion")
}

func TestWrongCallsExitWithTwo(t *testing.T) {
	m := newTerminal(t)
	m.fails(2, "fly", `no command "fly"`)
	m.fails(2, "carrier fly", `ramier carrier has no command "fly"`)
	m.fails(2, "carrier show", "ramier carrier show NAME")
	m.fails(2, "version now", "1 argument(s) given")
	m.fails(2, "account list --loud", "unknown flag: --loud: see ramier account list --help")
	m.fails(2, "account add", "--country is needed")
	m.fails(2, "account set shop", "nothing to change")
	m.fails(2, "carrier add a", "--host, --system-id is needed")
	m.fails(2, "carrier set a --window many", "many")
	m.fails(2, "service credit s x", "not a number of credits")
	m.fails(2, "service credit s 1", "--reason is needed")
	m.fails(2, "sender refuse s Shop", "--comment is needed")
	m.fails(2, "rate set FR cheap", "not a number")
	m.fails(2, "token create", "--account and at least one --rule")
	m.fails(2, "token create --account a --rule GET", "a method and a path")
	m.fails(2, "send Bonjour", "--to is needed")
	m.fails(2, "explain x", "not the number of a message")
	m.fails(2, "init", "nobody to ask")
	m.fails(2, "init --yes --public-url ftp://x", "like https://sms.example.org")
	m.fails(2, "init --yes --country Nowhere", "Nowhere")
}
