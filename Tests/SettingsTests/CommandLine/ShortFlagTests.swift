import Primitives
import Settings
import Testing

@Suite struct ShortFlagTests {
    private static let program = Command(
        "martlet-manager", "Manages machines",
        commands: [
            Command(
                "get", "Shows objects",
                flags: [
                    Flag("namespace", "NAMESPACE", "Where", short: "n"), Flag("all", nil, "All", short: "A"),
                    Flag("file", "FILE", "Which", isRepeatable: true, short: "f"),
                ], arguments: ["KIND"], optionalArguments: ["NAME..."]),
            Command("one", "Takes one word more", optionalArguments: ["NAME"]),
        ])

    private func run(_ words: [String]) -> CommandLineParser.Invocation? {
        guard case .run(let invocation)? = try? CommandLineParser(Self.program).parse(words) else { return nil }
        return invocation
    }

    @Test(arguments: [["-n", "here"], ["-nhere"], ["-n=here"], ["--namespace", "here"], ["--namespace=here"], ["-namespace=here"]])
    func `one letter may stand for a flag`(words: [String]) {
        #expect(run(["get"] + words + ["vm"])?.value("namespace") == "here")
    }

    @Test func `switches have letters, and values may be dashes`() {
        let invocation = run(["get", "vm", "-A", "-f", "-", "-f", "x"])
        #expect(invocation?.isOn("all") == true)
        #expect(invocation?.values("file") == ["-", "x"])
    }

    @Test(arguments: [
        ["get", "vm", "-x"], ["get", "vm", "-Ax"], ["get", "vm", "-n"], ["get", "vm", "-n", "a", "-n", "b"], ["get"], ["one", "a", "b"],
    ])
    func `what is no flag is none`(words: [String]) { #expect(run(words) == nil) }

    @Test(arguments: [(["get", "vm"], ["vm"]), (["get", "vm", "a", "b"], ["vm", "a", "b"]), (["one"], []), (["one", "a"], ["a"])])
    func `more words may follow`(words: [String], arguments: [String]) { #expect(run(words)?.arguments == arguments) }
}
