//! The `tare` command. Everything is in the library, so that tests and examples run it in their own process.

fn main() -> std::process::ExitCode {
    tare::main()
}
