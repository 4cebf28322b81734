package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/auth"
)

// keys is what a call is signed with.
type keys struct{ endpoint, application, secret, consumer string }

func (k keys) complete() bool {
	return k.endpoint != "" && k.application != "" && k.secret != "" && k.consumer != ""
}

// or fills in from others what is missing.
func (k keys) or(others keys) keys {
	return keys{
		cmp.Or(k.endpoint, others.endpoint), cmp.Or(k.application, others.application), cmp.Or(k.secret, others.secret),
		cmp.Or(k.consumer, others.consumer),
	}
}

// conf writes the keys in the form of ovh.conf, which all of OVH's clients read.
func (k keys) conf() []byte {
	return auth.Token{ApplicationKey: k.application, ApplicationSecret: k.secret, ConsumerKey: k.consumer}.Conf(k.endpoint)
}

// readConf reads an ovh.conf. The keys are those of the endpoint if the file has some for it, else of its default one,
// which is how one server is called by another of its addresses.
func readConf(path, endpoint string) (keys, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return keys{}, err
	}
	sections, err := parseConf(data)
	if err != nil {
		return keys{}, fmt.Errorf("%s: %w", path, err)
	}
	name := sections["default"]["endpoint"]
	section := sections[name]
	if own := sections[endpoint]; own != nil {
		section = own
	}
	k := keys{endpoint, section["application_key"], section["application_secret"], section["consumer_key"]}.or(keys{endpoint: name})
	if k.endpoint == "" {
		return keys{}, fmt.Errorf("%s names no endpoint: write endpoint=https://…/1.0 under [default]", path)
	}
	return k, nil
}

// parseConf reads sections of names and values.
func parseConf(data []byte) (map[string]map[string]string, error) {
	sections := map[string]map[string]string{}
	section := ""
	number := 0
	for line := range bytes.Lines(data) {
		number++
		text := strings.TrimSpace(string(line))
		if text == "" || text[0] == '#' || text[0] == ';' {
			continue
		}
		if text[0] == '[' && text[len(text)-1] == ']' {
			section = strings.TrimSpace(text[1 : len(text)-1])
			continue
		}
		at := strings.IndexAny(text, "=:")
		if at < 0 {
			return nil, fmt.Errorf("line %d is neither [section] nor name=value", number)
		}
		if sections[section] == nil {
			sections[section] = map[string]string{}
		}
		sections[section][strings.TrimSpace(text[:at])] = strings.Trim(strings.TrimSpace(text[at+1:]), `"'`)
	}
	return sections, nil
}

// firstConf reads the first of some files that exists; an empty name is none.
func firstConf(endpoint string, paths ...string) (k keys, path string, err error) {
	for _, path := range paths {
		if path == "" {
			continue
		}
		k, err := readConf(path, endpoint)
		if !errors.Is(err, fs.ErrNotExist) {
			return k, path, err
		}
	}
	return keys{endpoint: endpoint}, "", nil
}

// address gives the address of an endpoint, which may be one of OVH's names.
func address(endpoint string) (string, error) {
	if known, ok := ovh.Endpoints[endpoint]; ok {
		return known, nil
	}
	if !strings.HasPrefix(endpoint, "http://") && !strings.HasPrefix(endpoint, "https://") {
		return "", usage("the endpoint %q is not an address: give one like https://sms.example.org/1.0", endpoint)
	}
	return strings.TrimRight(endpoint, "/"), nil
}
