/// All findings, by what they are about.
package struct DoctorReport: Sendable {
    /// A source, or the machine.
    package struct Section: Sendable {
        package enum Kind: String, Sendable {
            case cluster
            case machine
            case prometheus
            case pve
            case zfs
            case gpu
            case containers
            case llm
            case logs
        }

        package let kind: Kind
        /// `lab`; of a kind that there is one of, what it is.
        package let name: String
        package var findings: [Finding]

        package init(_ kind: Kind, _ name: String, _ findings: [Finding]) {
            self.kind = kind
            self.name = prose(name)
            self.findings = findings
        }
    }

    package var sections: [Section]

    package init(_ sections: [Section]) { self.sections = sections.filter { !$0.findings.isEmpty } }

    package func count(_ state: Finding.State) -> Int {
        sections.reduce(0) { $0 + $1.findings.count { $0.state == state } }
    }

    /// 3 when there is a problem, or with `isStrict` a warning, else 0.
    package func exitStatus(isStrict: Bool) -> Int32 {
        count(.problem) > 0 || isStrict && count(.warning) > 0 ? 3 : 0
    }

    /// `2 problems, 1 warning`
    package var summary: String {
        let problems = count(.problem)
        let warnings = count(.warning)
        guard problems + warnings > 0 else { return "no problem found" }
        return [
            problems > 0 ? counted(problems, "problem") : nil, warnings > 0 ? counted(warnings, "warning") : nil,
        ].compactMap { $0 }.joined(separator: ", ")
    }
}
