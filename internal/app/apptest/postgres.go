package apptest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"ramier/internal/porttest"

	"github.com/jackc/pgx/v5"
)

// Postgres is a PostgreSQL of the test's own, which it may kill.
type Postgres struct {
	t        *testing.T
	programs string
	data     string
	port     int
	as       *syscall.Credential // who it runs as: it refuses to be root
	server   *exec.Cmd
}

// NewPostgres starts a PostgreSQL that goes with the test.
func NewPostgres(t *testing.T) *Postgres {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		path, err := exec.LookPath("initdb")
		if err != nil {
			t.Fatal("no initdb: install postgresql, or run make test, which does")
		}
		found = []string{path}
	}
	slices.Sort(found)
	// The folder of a test belongs to the one who runs it, and its parents are closed to others.
	dir, err := os.MkdirTemp("", "ramier-postgres") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &Postgres{t: t, programs: filepath.Dir(found[len(found)-1]), data: filepath.Join(dir, "data")}
	if os.Geteuid() == 0 {
		p.as = p.owner(dir)
	}
	p.do("initdb", "-D", p.data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	p.port = porttest.Free(t)
	p.Start()
	t.Cleanup(p.Kill)
	return p
}

// owner gives the folder to the user postgres.
func (p *Postgres) owner(dir string) *syscall.Credential {
	p.t.Helper()
	u, err := user.Lookup("postgres")
	if err != nil {
		p.t.Fatal(err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		p.t.Fatal(err1, err2)
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil { //nolint:gosec // 32 bits
		p.t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func (p *Postgres) command(program string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(p.programs, program), args...) //nolint:gosec,noctx // a program of PostgreSQL's; the test ends it
	c.Dir = filepath.Dir(p.data)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: p.as}
	return c
}

func (p *Postgres) do(program string, args ...string) {
	p.t.Helper()
	if out, err := p.command(program, args...).CombinedOutput(); err != nil {
		p.t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

// URL is the address of its database.
func (p *Postgres) URL() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", p.port)
}

// Start starts it after a kill. The processes of the one that was killed may take a moment to end: until then it refuses.
func (p *Postgres) Start() {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		p.server = p.command("postgres", "-D", p.data, "-p", strconv.Itoa(p.port), "-c", "listen_addresses=127.0.0.1",
			"-c", "unix_socket_directories=", "-c", "max_connections=100", "-c", "timezone=UTC", "-c", "lc_messages=C")
		if err := p.server.Start(); err != nil {
			p.t.Fatal(err)
		}
		ended := make(chan struct{})
		go func(c *exec.Cmd) { _ = c.Wait(); close(ended) }(p.server)
		if p.answers(ended, deadline) {
			return
		}
	}
	p.t.Fatal("PostgreSQL does not start")
}

// answers waits until it takes connections. It is false if it has ended instead.
func (p *Postgres) answers(ended <-chan struct{}, deadline time.Time) bool {
	for time.Now().Before(deadline) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		c, err := pgx.Connect(ctx, p.URL())
		if err == nil {
			_ = c.Close(ctx)
		}
		cancel()
		if err == nil {
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
	return false
}

// Kill ends it as kill -9 does: the processes of its connections follow as they notice.
func (p *Postgres) Kill() { _ = p.server.Process.Kill() }

// Quit ends it and all its connections at once, without a checkpoint.
func (p *Postgres) Quit() { _ = p.server.Process.Signal(syscall.SIGQUIT) }
