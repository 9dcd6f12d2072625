// Command go is the other side of tests/go.rs: what Go's own note and tlog packages make of our files.
//
// Each question is a command. What varies comes on standard input, the answer goes to standard output, and anything
// unexpected ends the program.
//
//	go signer NAME SEED             prints the private and the public key that 32 bytes in hex make
//	go sign SIGNER                  signs the text on standard input
//	go open VERIFIER...             opens the notes on standard input, one in base64 a line: `ok NAME...` or `no`
//	go cosign NAME SEED TIME        cosigns the note on standard input
//	go vectors FOLDER               writes spec/vectors/log
//	go log FOLDER SIZE              reads a log that lies there as files, prints its root and how many tiles it has
//	go check                        checks the proofs on standard input: `ok` or `no`
//	go tree                         prints spec/vectors/log/tree.txt
package main

import (
	"fmt"
	"io"
	"os"
)

// commands are the questions that can be asked.
var commands = map[string]func(args []string) error{
	"signer":  signerCommand,
	"sign":    signCommand,
	"open":    openCommand,
	"cosign":  cosignCommand,
	"vectors": vectorsCommand,
	"log":     logCommand,
	"check":   checkCommand,
	"tree":    treeCommand,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fail(fmt.Errorf("no such command: %q", os.Args[1:]))
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func standardInput() (string, error) {
	bytes, err := io.ReadAll(os.Stdin)
	return string(bytes), err
}
