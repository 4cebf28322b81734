package main

import (
	"fmt"
	"regexp/syntax"
	"slices"
)

// dead is the state of every automaton from which nothing can match any more.
const dead = 0

// An automaton follows one pattern of the metadata digit by digit. Its states
// are made when first reached.
type automaton struct {
	prog   *syntax.Prog
	open   bool // a match of the first digits is enough
	states [][]uint32
	next   [][10]int // -1: not yet known
	byKey  map[string]int
}

// compile builds the automaton of a pattern that must match the whole number,
// or, when open, its first digits. The empty pattern matches no number.
func compile(pattern string, open bool) (*automaton, error) {
	a := &automaton{open: open, byKey: map[string]int{}}
	a.state(nil)
	if pattern == "" {
		return a, nil
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	if a.prog, err = syntax.Compile(re.Simplify()); err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return a, nil
}

// start is the state before the first digit. A match of no digits, which the
// national prefixes of some countries allow, is none: nothing is cut off.
func (a *automaton) start() int {
	if a.prog == nil {
		return dead
	}
	set := a.close(nil, uint32(a.prog.Start))
	return a.state(slices.DeleteFunc(set, func(pc uint32) bool {
		return a.prog.Inst[pc].Op == syntax.InstMatch
	}))
}

// step is the state after one more digit, 0 to 9.
func (a *automaton) step(from, digit int) int {
	if a.open && a.matched(from) {
		return from
	}
	if to := a.next[from][digit]; to >= 0 {
		return to
	}
	var reached []uint32
	for _, pc := range a.states[from] {
		inst := &a.prog.Inst[pc]
		if inst.Op != syntax.InstMatch && inst.MatchRune(rune('0'+digit)) {
			reached = a.close(reached, inst.Out)
		}
	}
	to := a.state(reached)
	a.next[from][digit] = to
	return to
}

func (a *automaton) matched(state int) bool {
	return slices.ContainsFunc(a.states[state], func(pc uint32) bool {
		return a.prog.Inst[pc].Op == syntax.InstMatch
	})
}

// close adds the instructions reachable from pc without a digit. Assertions
// count as met: in the open patterns, the only ones that have any, this makes
// them match more, and what they match is left out of the plan.
func (a *automaton) close(set []uint32, pc uint32) []uint32 {
	seen := map[uint32]bool{}
	for todo := []uint32{pc}; len(todo) > 0; {
		pc, todo = todo[len(todo)-1], todo[:len(todo)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		switch inst := &a.prog.Inst[pc]; inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			todo = append(todo, inst.Out, inst.Arg)
		case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
			todo = append(todo, inst.Out)
		case syntax.InstFail:
		default:
			set = append(set, pc)
		}
	}
	return set
}

// state gives the number of a set of instructions.
func (a *automaton) state(set []uint32) int {
	slices.Sort(set)
	set = slices.Compact(set)
	key := fmt.Sprint(set)
	id, known := a.byKey[key]
	if !known {
		id = len(a.states)
		a.byKey[key] = id
		a.states = append(a.states, set)
		a.next = append(a.next, [10]int{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1})
	}
	return id
}
