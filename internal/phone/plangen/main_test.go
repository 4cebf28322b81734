package main

import (
	"bytes"
	"os"
	"testing"
)

func TestPlanIsUpToDate(t *testing.T) {
	committed, err := os.ReadFile("../plan.txt")
	if err != nil {
		t.Fatal(err)
	}
	derived, err := table()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, derived) {
		t.Error("plan.txt differs from the metadata of the library: run go generate ./internal/phone")
	}
}

func TestShort(t *testing.T) {
	for want, s := range map[string]span{
		"600-638": {lo: 600_000_000, hi: 638_999_999},
		"64-68":   {lo: 640_000_000, hi: 689_999_999},
		"695":     {lo: 695_000_000, hi: 695_999_999},
		"0-9":     {lo: 0, hi: 999_999_999},
		"01":      {lo: 10_000_000, hi: 19_999_999},
		"12-13":   {lo: 120_000_000, hi: 139_999_999},
	} {
		if got := s.short(9); got != want {
			t.Errorf("%d to %d: got %s, want %s", s.lo, s.hi, got, want)
		}
	}
}
