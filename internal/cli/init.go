package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ramier/internal/auth"
	"ramier/internal/config"
	"ramier/internal/ovh"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// answers is what init has to know.
type answers struct{ publicURL, account, country, database string }

func (p *program) initCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "init", Short: "Prepare a folder for ramier serve: settings, key, database and an operator's keys", Args: takes,
		Long: "Makes the folder with ramier.toml, the key that hides secrets in the database, the database with an operator's account and usual rates,\nand operator.conf with that operator's keys. Asks for what no flag names.",
	}
	f := c.Flags()
	dir := f.String("dir", ".", "folder")
	var a answers
	f.StringVar(&a.publicURL, "public-url", "http://127.0.0.1:8080", "address that clients are configured with, without /1.0")
	f.StringVar(&a.account, "account", "operator", "name of the first account, an operator's")
	f.StringVar(&a.country, "country", "FR", "its country, ISO 3166 alpha-2")
	f.StringVar(&a.database, "database", "", "postgres://user:password@host/name; otherwise SQLite in the folder")
	yes := f.Bool("yes", false, "ask nothing")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if !*yes {
			if !isTerminal(p.in) {
				return usage("there is nobody to ask: give --yes and what differs from the defaults (--public-url, --account, --country, --database)")
			}
			asker{bufio.NewReader(p.in), p.out}.complete(&a, func(flag string) bool { return f.Changed(flag) })
		}
		return p.prepare(c.Context(), *dir, a)
	}
	return c
}

func isTerminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// An asker asks people.
type asker struct {
	in  *bufio.Reader
	out io.Writer
}

// complete asks for what no flag has named.
func (q asker) complete(a *answers, named func(flag string) bool) {
	for _, question := range []struct {
		flag, text string
		answer     *string
	}{
		{"public-url", "Address that clients are configured with", &a.publicURL},
		{"account", "Name of the first account, an operator's", &a.account},
		{"country", "Its country", &a.country},
		{"database", "Database (empty = SQLite in the folder)", &a.database},
	} {
		if named(question.flag) {
			continue
		}
		fmt.Fprintf(q.out, "%s [%s]: ", question.text, *question.answer)
		line, _ := q.in.ReadString('\n') // at the end of the input the defaults stand
		if line = strings.TrimSpace(line); line != "" {
			*question.answer = line
		}
	}
}

// prepare makes the folder with everything in it. When something fails, what it has made goes again.
func (p *program) prepare(ctx context.Context, dir string, a answers) (err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	for _, name := range []string{configFile, operatorFile} {
		if path := filepath.Join(dir, name); exists(path) {
			return fmt.Errorf("%s exists already: this folder is in use; give another --dir", path)
		}
	}
	if a.country, err = ovh.CheckAccount(&a.account, a.country); err != nil {
		return usage("%v", err)
	}
	c, local, err := a.settings(dir)
	if err != nil {
		return err
	}
	var made made
	defer func() {
		if err != nil {
			made.undo()
		}
	}()
	if err := made.folder(dir); err != nil {
		return err
	}
	k, err := a.seed(ctx, c, &made)
	if err != nil {
		return err
	}
	k.endpoint = local + "/1.0"
	settings := filepath.Join(dir, configFile)
	written := c
	written.Database = a.database // SQLite in the folder needs no words
	if err := errors.Join(made.file(filepath.Join(dir, operatorFile), k.conf()), made.file(settings, config.Example(written))); err != nil {
		return err
	}
	if _, err := config.Load(settings, func(string) string { return "" }); err != nil {
		return fmt.Errorf("the new %s: %w", settings, err)
	}
	fmt.Fprintf(p.out, prepared, dir, a.account, c.HTTP.Listen, strings.Join(c.PublicURLs, ", "))
	return nil
}

const prepared = `Ready: %[1]s
  ramier.toml     settings; all are explained there
  ramier.key      hides secrets in the database: back it up, apart from the database
  operator.conf   keys of the operator account %[2]q: whoever has this file manages the platform

Listens on %[3]s; clients may sign %[4]s.

Next:
  cd %[1]s
  ramier serve
and in another terminal, in the same folder:
  ramier doctor
  ramier carrier add first --host smsc.example.org --port 2775 --system-id NAME --password-file FILE
  ramier route add --carrier first
  ramier account add shop --country FR
  ramier account password shop
  ramier service add sms-shop-1 --account shop
  ramier service credit sms-shop-1 100 --reason welcome
  ramier sender add sms-shop-1 Shop
  ramier token create --account shop --rule 'GET /sms' --rule 'GET /sms/*' --rule 'POST /sms/*' --save ovh.conf
  ramier send --conf ovh.conf --from Shop --to +33… --wait 60s 'Bonjour'
`

// settings gives the settings that follow from the answers, and the address by which this machine reaches the API.
func (a *answers) settings(dir string) (c config.Config, local string, err error) {
	c = config.Default()
	c.DataDir, c.KeyFile, c.Database = dir, filepath.Join(dir, "ramier.key"), a.database
	if c.Database == "" {
		c.Database = config.SQLiteURL(dir)
	}
	public := config.BaseURL(a.publicURL)
	u, err := url.Parse(public)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return c, "", usage("the public address %q is none: give one like https://sms.example.org", a.publicURL)
	}
	c.PublicURLs = []string{public}
	if u.Scheme == "http" {
		// Nothing in between: listen where clients call.
		port := u.Port()
		if port == "" {
			port = "80"
		}
		c.HTTP.Listen = ":" + port
		if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			return settled(c, u, public)
		}
	}
	_, port, err := net.SplitHostPort(c.HTTP.Listen)
	if err != nil {
		return c, "", err
	}
	local = "http://127.0.0.1:" + port
	c.PublicURLs = append(c.PublicURLs, local)
	return c, local, nil
}

// settled is for an address of this machine alone.
func settled(c config.Config, u *url.URL, public string) (config.Config, string, error) {
	_, port, err := net.SplitHostPort(c.HTTP.Listen)
	c.HTTP.Listen = net.JoinHostPort(u.Hostname(), port)
	return c, public, err
}

// seed fills a new database with an operator, its keys and the usual rates.
func (a *answers) seed(ctx context.Context, c config.Config, m *made) (keys, error) {
	m.remember(c.KeyFile)
	sealer, err := store.OpenSealer(c.KeyFile)
	if err != nil {
		return keys{}, err
	}
	if path, isFile := strings.CutPrefix(c.Database, "sqlite://"); isFile {
		for _, end := range []string{"", "-wal", "-shm", ".lock"} {
			m.remember(path + end)
		}
	}
	s, err := store.Open(ctx, c.Database, store.Options{Sealer: sealer, Node: c.Node})
	if err != nil {
		return keys{}, err
	}
	k, err := a.fill(ctx, s)
	return k, errors.Join(err, s.Close())
}

func (a *answers) fill(ctx context.Context, s *store.Store) (keys, error) {
	all, err := s.Accounts(ctx)
	if err != nil {
		return keys{}, err
	}
	if len(all) > 0 {
		return keys{}, fmt.Errorf("the database holds %d account(s) already: for one more node copy ramier.toml and ramier.key from the first, and change node in it", len(all))
	}
	now := time.Now()
	operator := sms.Account{Name: a.account, Country: a.country, Description: "Made by ramier init", Operator: true, CreatedAt: now}
	if err := s.AddAccount(ctx, &operator); err != nil {
		return keys{}, err
	}
	for country, credits := range sms.DefaultRates() {
		if err := s.SetRate(ctx, country, credits); err != nil {
			return keys{}, err
		}
	}
	t, err := auth.CreateToken(ctx, s, now, operator, auth.Everything(), "ramier init", "Keys of the operator's command line", 0, nil)
	return keys{application: t.ApplicationKey, secret: t.ApplicationSecret, consumer: t.ConsumerKey}, err
}
