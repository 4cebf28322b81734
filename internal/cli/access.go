package cli

import (
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"
)

// access is how a command reaches the operator API of a server.
type access struct {
	*program
	conf, endpoint, ca string
}

// The files that commands look for.
const (
	configFile   = "ramier.toml"
	operatorFile = "operator.conf"
	systemFolder = "/etc/ramier"
)

// flags adds what all commands of a group share.
func (a *access) flags(c *cobra.Command) *cobra.Command {
	f := c.PersistentFlags()
	f.StringVar(&a.conf, "conf", "", "file with an operator's keys; otherwise $RAMIER_OPERATOR_CONF, ./"+operatorFile+", or the one beside "+configFile)
	f.StringVar(&a.endpoint, "endpoint", "", "address of the API, like https://sms.example.org/1.0, instead of the one in the file")
	f.StringVar(&a.ca, "ca", "", "file with certificates to trust, in PEM")
	return c
}

// open makes a client with an operator's keys.
func (a *access) open() (*client, error) {
	paths := []string{a.conf}
	if a.conf == "" {
		paths = []string{a.env("RAMIER_OPERATOR_CONF"), operatorFile, a.beside(), filepath.Join(systemFolder, operatorFile)}
	}
	k, path, err := firstConf(a.endpoint, paths...)
	switch {
	case err != nil:
		return nil, err
	case path == "" && a.conf != "":
		return nil, errors.New("there is no file " + a.conf + ": ramier init makes one with an operator's keys")
	case path == "":
		return nil, errors.New("no operator's keys found: name their file with --conf; ramier init makes one, " + operatorFile)
	case !k.complete():
		return nil, errors.New(path + " lacks application_key, application_secret or consumer_key for " + k.endpoint)
	}
	return newClient(k, a.ca)
}

// beside gives the keys in the folder of the settings that the environment names.
func (p *program) beside() string {
	if path := p.env("RAMIER_CONFIG"); path != "" {
		return filepath.Join(filepath.Dir(path), operatorFile)
	}
	return ""
}
