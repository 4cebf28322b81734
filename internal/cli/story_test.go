package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestANewOperatorFromNothingToADeliveredMessage goes the way of somebody who has just installed the program.
func TestANewOperatorFromNothingToADeliveredMessage(t *testing.T) {
	m := newTerminal(t)
	m.ok("init --dir here --yes --country be", "operator.conf", "ramier serve")
	p := m.serve()
	endpoint, op, opFails := p.endpoint, p.ok, p.fails
	smsc, _ := m.start(`SMSC on 127\.0\.0\.1:(\d+)\ncontrol API`, "simulate --listen 127.0.0.1:0 --control 127.0.0.1:0 --system-id me --password secret --quiet")

	m.typed = "secret\n"
	if out := op("carrier add first --host 127.0.0.1 --port "+smsc[1]+" --system-id me --password-file -", "name first"); strings.Contains(out, "password") {
		t.Errorf("something about the password is shown:\n%s", out)
	}
	op("carrier set first --window 20 --receipts=true --response-timeout 5", "changed carrier first")
	op("carrier show first", "window 20", "registered delivery yes", "response timeout seconds 5")
	op("carrier list", "NAME ENABLED HOST PORT", "first yes 127.0.0.1 "+smsc[1])
	opFails("carrier set first --window 0", "Client::BadRequest: window = 0 is out of range")
	opFails("carrier show second", "Client::ObjectNotFound: The requested object (carrier = second) does not exist")

	var route struct{ ID json.Number }
	read(t, op("route add --carrier first --country fr --json"), &route)
	op("route set "+route.ID.String()+" --country= --description everything", "changed route")
	op("route list", route.ID.String()+" 10 first - - - - - yes everything")

	op("account add shop --country FR", "name shop")
	op("account set shop --description 'A shop'")
	op("account list", "operator BE yes", "shop FR no")
	op("service add sms-shop-1 --account shop", "credits left 0")
	op("service credit sms-shop-1 10 --reason welcome", "sms-shop-1 has 10 credits")
	op("service credit sms-shop-1 1 --reason mistake --take", "sms-shop-1 has 9 credits")
	op("service set sms-shop-1 --description Alerts")
	op("service set sms-shop-1 --sending-hours 'mon-fri 09:00-18:00' --stop-scope sender")
	op("service show sms-shop-1", "sending hours mon-fri 09:00-18:00", "stop scope sender")
	opFails("service set sms-shop-1 --sending-hours soon", `sendingHours = "soon" cannot be read`)
	op("service list --account shop", "sms-shop-1 shop 9 enable transactional Alerts")
	op("sender add sms-shop-1 Shop", "status enable")
	op("sender refuse sms-shop-1 Shop --comment 'Not yet'", "refused sender Shop of sms-shop-1")
	op("sender list --status refused", "Shop alpha refused shop Given by the operator Not yet")
	op("sender approve sms-shop-1 Shop", "approved sender Shop")
	op("rate set BE 0.5", "costs 0.5")
	op("rate list", "all 1", "BE 0.5", "GB 0.5")
	op("rate remove BE", "removed rate BE")
	op("number add 38000 --country FR --carrier first", "number 38000")
	op("number list", "38000 FR first")
	op("number remove 38000")
	op("number list", "(none)")

	op("token create --account shop --rule 'GET /sms' --rule 'get /sms/*' --rule 'POST /sms/*' --name till --ip 127.0.0.1 --validity 1h --save ovh.conf", "is in ovh.conf")
	if info, err := os.Stat("ovh.conf"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the keys are in %v, %v", info, err)
	}
	op("token list --account shop", "shop till", "validated", "GET /sms, GET /sms/*, POST /sms/*")

	m.ok("send --from Shop --to +33639980000 --no-stop --tag t1 --wait 20s 'Bonjour tout' le monde",
		"message 1 to +33639980000 accepted", "1 credit(s)", "message 1 to +33639980000 delivered (ptt 4)")
	code, _, errOut := m.run("send", "--from", "Shop", "--no-stop", "--to", "12", "--to", "+33639980000", "Bonjour")
	if code != 1 || !strings.Contains(errOut, `no message to 12: "12" is too short`) {
		t.Errorf("a wrong receiver: exit code %d, %s", code, errOut)
	}
	m.fails(1, "send --from Other --to +33639980000 Bonjour", "Client::BadRequest: Sms sender Other does not exists")
	op("explain 1", "Message 1: delivered", "Has arrived on the handset.", "SMS account sms-shop-1, carrier first", "pdu: Part 1 of 1", "submit_sm",
		"00000000 00 00 00", "|", "stat:DELIVRD")
	var story struct{ Steps []struct{ PDUHex string } }
	read(t, op("explain 1 --json"), &story)
	if len(story.Steps) < 4 {
		t.Errorf("the story has %d steps", len(story.Steps))
	}
	opFails("explain 999", "Client::ObjectNotFound")
	optOutStory(t, m, op, endpoint)
	op("audit", "2 messages", ": 0 findings")
	op("status", "version 1.2.3", "SQLite", "first connected")
	op("carrier status", "first connected")
	op("carrier status first", "state connected")
	opFails("carrier remove first", "in use by 1 routes")
	op("route remove " + route.ID.String())
	op("carrier remove first", "removed carrier first")

	var tokens []struct{ CredentialID json.Number }
	read(t, op("token list --account shop --json"), &tokens)
	op("token revoke " + tokens[0].CredentialID.String())
	m.fails(1, "send --from Shop --to +33639980000 Bonjour", "Client::Forbidden")
	if code := p.stop(); code != 0 {
		t.Errorf("the server ended with exit code %d", code)
	}
	opFails("account list", "does not answer")
}

// optOutStory brings opt-outs from elsewhere, and takes them out again with their proof.
func optOutStory(t *testing.T, m *terminal, op func(string, ...string) string, endpoint string) {
	t.Helper()
	file := func(text string) {
		t.Helper()
		if err := os.WriteFile("optouts.csv", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const ours = "--endpoint "
	file("\ufeffNumber;words;date;Scope;city\n+33639980011;\"by letter;\nof May\";2026-05-01T10:00:00+02:00;;Lyon\n0639980012;;;sender:Shop;\n")
	op("optout import sms-shop-1 optouts.csv", "2 added, 0 were there, 0 cannot be read")
	op("optout import sms-shop-1 optouts.csv", "0 added, 2 were there, 0 cannot be read")
	file("+33639980013\n12\n")
	m.failsAtLength("optout import sms-shop-1 optouts.csv "+ours+endpoint, `not imported: "12" is too short`)
	out := op("optout export sms-shop-1")
	for _, line := range []string{
		"number,scope,date,words,source,message,reply\n", "+33639980011,,2026-05-01T10:00:00+02:00,\"by letter;\nof May\",import,,\n",
		"\n+33639980012,sender:Shop,20", "\n+33639980013,,20",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("the export lacks %q:\n%s", line, out)
		}
	}
	file(out) // what was exported can be imported
	op("optout import sms-shop-1 optouts.csv", "0 added, 3 were there, 0 cannot be read")
	file("number,scope\n+33639980014,country:FR\n")
	m.fails(1, "optout import sms-shop-1 optouts.csv "+ours+endpoint, `optOuts[0]: scope = "country:FR" is none`)
	file("phone,scope\n1,2\n")
	m.fails(1, "optout import sms-shop-1 optouts.csv "+ours+endpoint, "has no column number")
	file("number,scope\n1\n")
	m.fails(1, "optout import sms-shop-1 optouts.csv "+ours+endpoint, "line 2: wrong number of fields; the first 0 are imported")
	file("")
	m.fails(1, "optout import sms-shop-1 optouts.csv "+ours+endpoint, "it is empty")
}

func read(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

func TestDoctor(t *testing.T) {
	m := newTerminal(t)
	if code, out, _ := m.run("doctor"); code != 1 || !strings.Contains(out, "problem") || !strings.Contains(out, "ramier init") {
		t.Errorf("without settings: exit code %d\n%s", code, out)
	}
	m.ok("init --yes --public-url http://127.0.0.1:1")
	m.env["RAMIER_HTTP_LISTEN"], m.env["RAMIER_ANY_HOST"], m.env["RAMIER_LOG_FORMAT"] = "127.0.0.1:0", "true", "json"
	m.ok("doctor", "OK settings ramier.toml", "OK key file", "warning server does not run", "OK database", "OK disk")
	at, _ := m.start(`"http":"([^"]+)"`, "serve")
	m.env["RAMIER_HTTP_LISTEN"], m.env["RAMIER_PUBLIC_URLS"] = at[1], "http://"+at[1]
	m.ok("doctor --endpoint http://"+at[1]+"/1.0", "OK server runs at http://"+at[1], "OK public URL", "OK clock", "OK operator",
		"warning carriers there is none", "-> ramier carrier add", "warning routes", "OK senders", "OK in doubt", "OK receipts")
	m.env["RAMIER_PUBLIC_URLS"] = "http://127.0.0.1:1"
	code, out, _ := m.run("doctor", "--json", "--endpoint", "http://"+at[1]+"/1.0")
	var found []struct{ Level, What, Cure string }
	read(t, out, &found)
	problems := 0
	for _, f := range found {
		if f.Level == "problem" {
			problems++
			if f.What != "public URL" || f.Cure == "" {
				t.Errorf("found %+v", f)
			}
		}
	}
	if code != 1 || problems != 1 {
		t.Errorf("exit code %d with %d problems\n%s", code, problems, out)
	}
	if err := os.Remove("ramier.key"); err != nil {
		t.Fatal(err)
	}
	if _, out, _ := m.run("doctor"); !strings.Contains(out, "restore it from your backup") {
		t.Errorf("without the key:\n%s", out)
	}
	m.failsAtLength("serve", "key_file")
}

func TestInitMakesEverythingOrNothing(t *testing.T) {
	m := newTerminal(t)
	m.failsAtLength("init --dir a/b --yes --database postgres://nobody@127.0.0.1:1/none", "database")
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("after a failure there is %v, %v", left, err)
	}
	m.ok("init --dir here --yes --public-url https://sms.example.org/1.0/ --account boss", "https://sms.example.org, http://127.0.0.1:8080")
	for _, name := range []string{"ramier.toml", "ramier.key", "operator.conf"} {
		if info, err := os.Stat(filepath.Join("here", name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if info, err := os.Stat("here"); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info, err)
	}
	m.fails(1, "init --dir here --yes", "exists already")
	abs, err := filepath.Abs("here/ramier.db")
	if err != nil {
		t.Fatal(err)
	}
	m.fails(1, "init --dir second --yes --database sqlite://"+abs, "for one more node")
	if _, err := os.Stat("second"); err == nil {
		t.Error("a failed init leaves its folder")
	}
	if _, err := os.Stat(abs); err != nil {
		t.Error("a failed init removed a database that it had not made")
	}
}

func TestKeysAreLookedForInTheirOrder(t *testing.T) {
	m := newTerminal(t)
	m.fails(1, "account list", "no operator's keys found")
	m.fails(1, "account list --conf none.conf", "there is no file none.conf")
	conf := func(name, endpoint string) {
		text := "# keys\n[default]\nendpoint=" + endpoint + "\n\n[" + endpoint + "]\napplication_key = a\napplication_secret=\"b\"\nconsumer_key: c\n"
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	conf("named.conf", "http://127.0.0.1:1/named")
	conf("operator.conf", "http://127.0.0.1:1/here")
	conf("ovh.conf", "http://127.0.0.1:1/customer")
	m.fails(1, "account list", "http://127.0.0.1:1/here does not answer")
	m.env["RAMIER_OPERATOR_CONF"] = "named.conf"
	m.fails(1, "account list", "http://127.0.0.1:1/named does not answer")
	m.fails(1, "account list --endpoint http://127.0.0.1:1/flag", "http://127.0.0.1:1/flag does not answer")
	m.fails(1, "account list --ca named.conf", "no certificate")
	m.fails(1, "send --to +33639980000 x", "http://127.0.0.1:1/customer does not answer")
	m.env["OVH_ENDPOINT"] = "http://127.0.0.1:1/environment"
	m.fails(1, "send --to +33639980000 x", "http://127.0.0.1:1/environment does not answer")
	m.fails(1, "send --conf named.conf --to +33639980000 x", "http://127.0.0.1:1/named does not answer")
	if err := os.WriteFile("operator.conf", []byte("[default]\nendpoint\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.fails(1, "account list --conf operator.conf", "line 2 is neither")
}
