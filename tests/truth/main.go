// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Command truth makes Go maps grow in every way that matters and tells exactly
// how often they did, by reading its own maps' headers after every operation.
//
// usage: truth [-out FILE] [-wait] [-half] [-hold] [-linger SECONDS] [-scale N] WORKLOAD...
//
// It uses neither the environment nor packages with maps of their own: the
// growths it counts are all that there are in the process (Go 1.15 apart, where unicode.init fills
// maps before main, and workload reflect, where reflect.MapOf has one).
package main

import (
	"os"
	"time"
)

type workload struct {
	name string
	run  func(l *ledger)
}

var workloads = []workload{
	{"sizes", workSizes},
	{"kinds", workKinds},
	{"hints", workHints},
	{"literal", workLiteral},
	{"reuse", workReuse},
	{"window", workWindow},
	{"random", workRandom},
	{"clear", workClear},
	{"update", workUpdate},
	{"nan", workNaN},
	{"open", workOpen},
	{"range", workRange},
	{"smallstacks", workSmallStacks},
	{"stackmaps", workStackMaps},
	{"goroutines", workGoroutines},
	{"preempt", workPreempt},
	{"gc", workGC},
	{"big", workBig},
}

// reflectWork is not part of all: reflect.MapOf grows maps of its own.
var reflectWork = workload{"reflect", workReflect}

// scale makes a run shorter: the long workloads do about one in so many of their
// rounds, the big map gets so many fewer keys. No workload is left out, and with
// an odd scale no family of maps and no fill of a bucket is.
var scale = 1

type options struct {
	out              string
	wait, half, hold bool
	linger           int
	chosen           []workload
}

func usage(what string) {
	text := "truth: " + what + "\nusage: truth [-out FILE] [-wait] [-half] [-hold] [-linger SECONDS] [-scale N] WORKLOAD...\nworkloads: all none reflect"
	for _, w := range workloads {
		text += " " + w.name
	}
	writeAll(2, []byte(text+"\n"))
	os.Exit(2)
}

// parse does without package flag, which has maps.
func parse(args []string) options {
	var o options
	value := func(i *int) string {
		*i++
		if *i >= len(args) {
			usage(args[*i-1] + " needs a value")
		}
		return args[*i]
	}
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-out":
			o.out = value(&i)
		case "-wait":
			o.wait = true
		case "-half":
			o.half = true
		case "-hold":
			o.hold = true
		case "-linger":
			o.linger = number(value(&i))
		case "-scale":
			if scale = number(value(&i)); scale < 1 {
				usage("-scale needs a number from 1 on")
			}
		case "all":
			o.chosen = workloads
		case "none":
		default:
			o.chosen = append(o.chosen, named(args[i]))
		}
	}
	return o
}

func number(text string) (n int) {
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			usage("not a number: " + text)
		}
		n = n*10 + int(digit-'0')
	}
	return n
}

func named(name string) workload {
	for _, w := range workloads {
		if w.name == name {
			return w
		}
	}
	if name == reflectWork.name {
		return reflectWork
	}
	usage("no such workload: " + name)
	return workload{}
}

func main() {
	o := parse(os.Args[1:])
	var begun *halfGrown
	if o.half {
		begun = beginHalf()
	}
	if o.wait || o.half {
		writeAll(1, []byte("ready\n"))
		await()
	}

	l := newLedger(1)
	if begun != nil {
		begun.finish(l)
	}
	for end := time.Now().Add(time.Duration(o.linger) * time.Second); ; {
		for _, w := range o.chosen {
			w.run(l)
		}
		if !time.Now().Before(end) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	l.close()

	if report := total.report(); o.out != "" {
		writeFile(o.out, report)
	} else {
		writeAll(1, report)
	}
	if o.hold {
		writeAll(1, []byte("done\n"))
		await()
	}
}
