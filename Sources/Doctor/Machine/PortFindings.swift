import Glibc
import Primitives
package import Web

/// A place where a program of ours, or one that `martlet up` starts, listens.
package struct PortPlan: Sendable {
    /// `exporter`
    package let name: String
    package let address: ListenAddress
    /// What sets it: `--web.listen-address`.
    package let flag: String
    /// How the programs that belong there are called.
    package let programs: [String]
    /// What Debian starts there by itself.
    package let debianService: String?

    package init(_ name: String, _ address: ListenAddress, flag: String, programs: [String], debianService: String? = nil) {
        self.name = name
        self.address = address
        self.flag = flag
        self.programs = programs
        self.debianService = debianService
    }

    /// Of what a program calls itself the kernel keeps 15 letters.
    func isExpected(_ name: String, isOfFile: Bool) -> Bool { programs.contains { (isOfFile ? $0[...] : $0.prefix(15)) == name } }
}

/// Judges who has the ports that are to be listened on.
enum PortFindings {
    enum Use: Sendable {
        case free
        case held(PortHolder)
        /// Nobody could listen there.
        case impossible(String)
    }

    private static let check = "ports"

    static func use(_ plan: PortPlan) -> Use {
        switch PortTrial.code(of: plan.address) {
        case 0: .free
        case EADDRINUSE: .held(PortHolder.find(plan.address) ?? PortHolder(processID: nil, name: nil))
        case EADDRNOTAVAIL: .impossible("\(plan.address) (\(plan.flag)): no network interface of this machine has this address")
        case EACCES:
            .impossible("\(plan.address) (\(plan.flag)): ports below 1024 are for root and for programs with CAP_NET_BIND_SERVICE")
        case let code: .impossible("\(plan.address) (\(plan.flag)): \(systemMessage(code))")
        }
    }

    static func judge(_ uses: [(plan: PortPlan, use: Use)], ourUserID: UInt32 = geteuid()) -> [Finding] {
        var findings: [Finding] = []
        var well: [String] = []
        var free: [String] = []
        for (plan, use) in uses {
            let place = "\(plan.name) \(plan.address)"
            switch use {
            case .free: free.append("\(plan.address) (\(plan.name))")
            case .impossible(let message): findings.append(Finding(check, .problem, "\(plan.name): \(message)"))
            case .held(let holder):
                guard let name = holder.name, let processID = holder.processID else {
                    findings.append(
                        Finding(
                            check, .information, "\(place): somebody listens there whom this user may not see",
                            remedies: [Finding.Remedy(.here, lines: ["sudo ss -ltnp | grep :\(plan.address.port)"])]))
                    continue
                }
                guard plan.isExpected(name, isOfFile: holder.isOfFile) else {
                    findings.append(stranger(plan, name, processID))
                    continue
                }
                let who = "\(place) is \(named(name)) (\(processID))"
                guard !holder.isOfStranger(ourUserID: ourUserID) else {
                    findings.append(
                        Finding(
                            check, .warning, "\(who), and of the user with the number \(holder.userID ?? 0)",
                            remedies: [Finding.Remedy(.here, "see who that is", lines: ["ps -fp \(processID)"])]))
                    continue
                }
                well.append(who)
            }
        }
        if !well.isEmpty { findings.append(Finding(check, .ok, well.joined(separator: ", "))) }
        if !free.isEmpty {
            findings.append(
                Finding(check, .information, "nobody listens on \(enumeration(free, limit: 10))"))
        }
        return findings
    }

    private static func stranger(_ plan: PortPlan, _ name: String, _ processID: Int) -> Finding {
        var remedies = [Finding.Remedy(.here, "see who that is", lines: ["ps -fp \(processID)"])]
        if let service = plan.debianService, name.hasPrefix("prometheus") {
            remedies = [Finding.Remedy(.here, "stop Debian's own service", lines: ["systemctl disable --now \(service)"])]
        }
        remedies.append(Finding.Remedy(.here, "or choose another address with \(plan.flag)"))
        return Finding(
            check, .problem, "\(plan.name) cannot listen on \(plan.address): \(named(name)) (\(processID)) does", remedies: remedies)
    }
}
