package main

import (
	"bytes"
	"os"
	"testing"

	"ramier/internal/ovh/schema"
)

func TestTypesAreUpToDate(t *testing.T) {
	s, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	types, everything, err := generate(s)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"types.gen.go": types, "everything_gen_test.go": everything} {
		got, err := os.ReadFile("../" + name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the schema says: run go generate ./internal/ovh (%v)", name, err)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"creationDatetime.from": "CreationDatetimeFrom", "slotID": "SlotID", "applicationId": "ApplicationID", "allowedIPs": "AllowedIPs",
		"csvUrl": "CsvURL", "Idempotency-Key": "IdempotencyKey", "UTF-8": "UTF8", "7bit": "7bit", "veryLow": "VeryLow", "N/A": "NA",
	} {
		if got := goName(name); got != want {
			t.Errorf("goName(%q) = %q, want %q", name, got, want)
		}
	}
	for model, want := range map[string]string{
		"sms.SmsSendingReport": "smsSendingReport", "sms.PriorityEnum": "smsPriority", "order.Order": "orderOrder", "order.cart.Item": "orderCartItem",
		"iam.ResourceMetadata.StateEnum": "iamResourceMetadataState", "complexType.SafeKeyValue<string>": "complexTypeSafeKeyValueString",
		"order.OrderDetail": "orderDetail", "oauth2.client": "oauth2Client",
	} {
		if got := typeName(model); got != want {
			t.Errorf("typeName(%q) = %q, want %q", model, got, want)
		}
	}
}
