package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"ramier/internal/porttest"
)

// The guide for new operators is followed word by word, but for its ports: once as it stands, and once with an SMSC that is not
// ours in the place of the simulated operator.
func TestTheGuideForANewOperator(t *testing.T) {
	page, err := os.ReadFile("../../docs/first-carrier.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		blocks = append(blocks, m[1])
	}
	script := strings.Join(blocks, "\n")
	program := filepath.Join(t.TempDir(), "ramier")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "ramier/cmd/ramier").CombinedOutput(); err != nil { //nolint:gosec // our own program
		t.Fatalf("%v\n%s", err, out)
	}
	t.Run("simulated operator", func(t *testing.T) { follow(t, program, script) })
	t.Run("foreign SMSC", func(t *testing.T) {
		e2e, err := filepath.Abs("../../e2e")
		if err != nil {
			t.Fatal(err)
		}
		foreign := regexp.MustCompile(`(?m)^ramier simulate .*$`).ReplaceAllString(script, "node "+e2e+"/smsc.js 2776 shop >smsc.log 2>&1 &")
		foreign = regexp.MustCompile(`(?m)^until curl .*2781.*$`).ReplaceAllString(foreign, "until grep --quiet 2776 smsc.log; do sleep 0.1; done")
		foreign = strings.ReplaceAll(foreign, `wait "$operator"`, "")
		if foreign == script || strings.Contains(foreign, "ramier simulate") {
			t.Fatal("the guide does not begin the operator as this test expects")
		}
		out := follow(t, program, foreign)
		if !strings.Contains(out, "submit_sm") {
			t.Errorf("the story of the message shows no PDU:\n%s", out)
		}
	})
}

// follow runs the commands in one shell, in an empty folder, and wants the message to arrive.
func follow(t *testing.T, program, script string) string {
	t.Helper()
	for _, port := range []string{"8090", "2776", "2781"} {
		script = strings.ReplaceAll(script, port, strconv.Itoa(porttest.Free(t)))
	}
	shell := exec.CommandContext(t.Context(), "timeout", "100", "bash", "-euc", script) //nolint:gosec // our own guide
	shell.Dir = t.TempDir()
	shell.Env = []string{"PATH=" + filepath.Dir(program) + ":" + os.Getenv("PATH"), "HOME=" + shell.Dir}
	out, err := shell.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "delivered (ptt 4)") {
		log, _ := os.ReadFile(filepath.Join(shell.Dir, "platform", "serve.log"))
		t.Fatalf("%v\n%s\nThe server's log:\n%s", err, out, log)
	}
	return string(out)
}
