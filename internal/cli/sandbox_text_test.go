package cli

import (
	"strings"
	"testing"

	"ramier/internal/sandbox"
)

// What a sandbox prints has to be what somebody can type.
func TestASandboxPrintsEachAddressWhereItBelongs(t *testing.T) {
	i := sandbox.Info{Endpoint: "http://127.0.0.1:1/1.0", EndpointTLS: "https://127.0.0.1:2/1.0", HTTP2SMS: "http://door", SMPP: "plain:1", SMPPTLS: "secure:2", Account: "owner"}
	i.SMSLogin, i.SMSPassword, i.SMPPSystemID, i.SMPPPassword = "login", "secret", "system", "word"
	i.Passwords = map[string]string{"owner": "key"}
	var out strings.Builder
	printSandbox(&out, i)
	for _, line := range []string{
		"SMPP           plain:1, with TLS secure:2\n", "system_id    system\n", "password     word\n",
		"Web pages           http://127.0.0.1:1/account/", "sign in as        owner, password key\n", `curl "http://door?account=`, "&login=login&password=secret&",
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%q is not in\n%s", line, out.String())
		}
	}
	if strings.Contains(out.String(), "%!") {
		t.Error(out.String())
	}
}
