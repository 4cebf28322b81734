package cli_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestDoubtsAreDecidedOnTheCommandLine(t *testing.T) {
	m := newTerminal(t)
	m.ok("init --dir here --yes")
	p := m.serve()
	op := p.ok
	smsc, _ := m.start(`SMSC on 127\.0\.0\.1:(\d+)\ncontrol API on (\S+)`, "simulate --listen 127.0.0.1:0 --control 127.0.0.1:0 --quiet")
	op("carrier add first --host 127.0.0.1 --port " + smsc[1] + " --system-id me --password secret --response-timeout 1 --in-doubt hold --query-minutes 30")
	op("carrier show first", "query minutes 30", "in doubt hold")
	op("route add --carrier first")
	op("account add shop --country FR")
	op("service add sms-shop-1 --account shop")
	op("service credit sms-shop-1 10 --reason welcome")
	op("sender add sms-shop-1 Shop")
	op("token create --account shop --rule 'GET /sms' --rule 'GET /sms/*' --rule 'POST /sms/*' --save ovh.conf")
	op("doubt list", "(none)")
	control := "http://" + strings.TrimPrefix(strings.TrimSuffix(smsc[2], "/"), "http://")
	for _, kind := range []string{"mute", "noReceipts"} {
		r, err := http.Post(control+"/faults", "application/json", strings.NewReader(`{"kind":"`+kind+`"}`))
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("%v, %v", r, err)
		}
		r.Body.Close()
	}
	for _, to := range []string{"+33612345601", "+33612345602", "+33612345603"} {
		op("send --from Shop --to " + to + " --no-stop Bonjour")
	}
	var doubts []struct {
		ID     json.Number
		Policy string
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1500 {
		if read(t, op("doubt list --held --json"), &doubts); len(doubts) == 3 {
			break
		}
		<-tick.C
	}
	if len(doubts) != 3 || doubts[0].Policy != "hold" {
		t.Fatalf("in doubt: %+v", doubts)
	}
	id := doubts[0].ID.String()
	op("doubt list --carrier first --service sms-shop-1 --since 2001-01-01", id+" sms-shop-1 first +33612345601", "hold")
	op("doubt show "+id, "policy hold", "receiver +33612345601")
	op("status", "in doubt 3")
	op("doubt decide sent "+id+" --reason 'They have it.'", "message "+id+": sent")
	op("explain "+id, "Message "+id+": sent", "decided: The operator of the platform has decided about the doubt.", "They have it.")
	endpoint := " --endpoint " + p.endpoint
	m.fails(1, "doubt decide failed "+id+endpoint, "is sent and not in doubt")
	m.fails(1, "doubt decide perhaps "+id+endpoint, "decision")
	m.fails(2, "doubt decide failed"+endpoint, "name a message, or a carrier")
	m.fails(2, "doubt decide failed x"+endpoint, `"x" is not the number of a message`)
	m.fails(2, "doubt decide failed 1 --carrier first"+endpoint, "either a message or flags")
	op("doubt decide failed --carrier first --held", "2 messages: failed; 0 left alone")
	op("doubt list", "(none)")
	op("audit", "3 messages", ": 0 findings")
}
