// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

package main

import (
	"strconv"
	"unsafe"
)

// families by number: ../replay.cpp knows which assignment function each has.
var families = []family{
	{shape{unsafe.Sizeof(uint64(0)), unsafe.Alignof(uint64(0)), 0}, shape{unsafe.Sizeof(uint64(0)), unsafe.Alignof(uint64(0)), 0}, len(uint64s), makeUint64},
	{shape{unsafe.Sizeof(uint32(0)), unsafe.Alignof(uint32(0)), 0}, shape{unsafe.Sizeof(uint64(0)), unsafe.Alignof(uint64(0)), 0}, len(uint32s), makeUint32},
	{shape{unsafe.Sizeof(""), unsafe.Alignof(""), 1}, shape{unsafe.Sizeof(int(0)), unsafe.Alignof(int(0)), 0}, len(strings), makeString},
	{shape{unsafe.Sizeof((*int)(nil)), unsafe.Alignof((*int)(nil)), 1}, shape{unsafe.Sizeof((*int)(nil)), unsafe.Alignof((*int)(nil)), 1}, len(pointers), makePointer},
	{shape{unsafe.Sizeof(""), unsafe.Alignof(""), 1}, shape{unsafe.Sizeof(struct{}{}), unsafe.Alignof(struct{}{}), 0}, len(strings), makeSet},
	{shape{unsafe.Sizeof(uint8(0)), unsafe.Alignof(uint8(0)), 0}, shape{unsafe.Sizeof(struct{}{}), unsafe.Alignof(struct{}{}), 0}, len(uint8s), makeTiny},
	{shape{unsafe.Sizeof(struct{}{}), unsafe.Alignof(struct{}{}), 0}, shape{unsafe.Sizeof(struct{}{}), unsafe.Alignof(struct{}{}), 0}, len(nothings), makeNothing},
	{shape{unsafe.Sizeof(struct{}{}), unsafe.Alignof(struct{}{}), 0}, shape{unsafe.Sizeof(int(0)), unsafe.Alignof(int(0)), 0}, len(nothings), makeNothingToInt},
	{shape{unsafe.Sizeof(int16(0)), unsafe.Alignof(int16(0)), 0}, shape{unsafe.Sizeof(false), unsafe.Alignof(false), 0}, len(int16s), makeShort},
	{shape{unsafe.Sizeof([16]byte{}), unsafe.Alignof([16]byte{}), 0}, shape{unsafe.Sizeof([24]byte{}), unsafe.Alignof([24]byte{}), 0}, len(bytes16s), makeBytes16},
	{shape{unsafe.Sizeof([3]byte{}), unsafe.Alignof([3]byte{}), 0}, shape{unsafe.Sizeof(""), unsafe.Alignof(""), 1}, len(bytes3s), makeBytes3},
	{shape{unsafe.Sizeof([128]byte{}), unsafe.Alignof([128]byte{}), 0}, shape{unsafe.Sizeof([128]byte{}), unsafe.Alignof([128]byte{}), 0}, len(bytes128s), makeLimit},
	{shape{unsafe.Sizeof([129]byte{}), unsafe.Alignof([129]byte{}), 0}, shape{unsafe.Sizeof(int(0)), unsafe.Alignof(int(0)), 0}, len(bytes129s), makeBigKey},
	{shape{unsafe.Sizeof(int64(0)), unsafe.Alignof(int64(0)), 0}, shape{unsafe.Sizeof([200]byte{}), unsafe.Alignof([200]byte{}), 0}, len(int64s), makeBigElem},
	{shape{unsafe.Sizeof(anys[0]), unsafe.Alignof(anys[0]), 1}, shape{unsafe.Sizeof(anys[0]), unsafe.Alignof(anys[0]), 1}, len(anys), makeAny},
}

// Keys by number, made once, so that an operation allocates for the map alone.
var (
	uint64s   = make([]uint64, 400000)
	uint32s   = make([]uint32, 100000)
	int64s    = make([]int64, 5000)
	int16s    = make([]int16, 20000)
	uint8s    = make([]uint8, 256)
	nothings  = make([]struct{}, 1)
	strings   = make([]string, 20000)
	pointers  = make([]*int, 20000)
	bytes3s   = make([][3]byte, 20000)
	bytes16s  = make([][16]byte, 20000)
	bytes128s = make([][128]byte, 3000)
	bytes129s = make([][129]byte, 3000)
	anys      = make([]interface{}, 20000)
)

func init() {
	for i := range uint64s {
		uint64s[i] = uint64(i) * 0x9e3779b97f4a7c15
	}
	for i := range uint32s {
		uint32s[i] = uint32(i)
	}
	for i := range int64s {
		int64s[i] = int64(i)
	}
	for i := range int16s {
		int16s[i] = int16(i)
	}
	for i := range uint8s {
		uint8s[i] = uint8(i)
	}
	ints := make([]int, len(pointers))
	for i := range strings {
		strings[i] = "key " + strconv.Itoa(i)
		pointers[i] = &ints[i]
		fill(bytes3s[i][:], i)
		fill(bytes16s[i][:], i)
		anys[i] = i
		if i%3 == 0 {
			anys[i] = strings[i]
		}
	}
	for i := range bytes128s {
		fill(bytes128s[i][:], i)
		fill(bytes129s[i][:], i)
	}
}

func fill(bytes []byte, i int) {
	bytes[0], bytes[1], bytes[len(bytes)-1] = byte(i), byte(i>>8), byte(i>>16)
}
