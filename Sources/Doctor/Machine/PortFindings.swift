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

    /// The kernel keeps 15 letters of a name.
    func isExpected(_ name: String) -> Bool { programs.contains { $0.prefix(15) == name } }
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
        do throws(Failure) {
            close(try plan.address.listen(origin: plan.flag))
            return .free
        } catch {
            guard error.message.contains("is in use") else { return .impossible(error.message) }
            return .held(PortHolder.find(plan.address) ?? PortHolder(processID: nil, name: nil))
        }
    }

    static func judge(_ uses: [(plan: PortPlan, use: Use)]) -> [Finding] {
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
                guard plan.isExpected(name) else {
                    findings.append(stranger(plan, name, processID))
                    continue
                }
                well.append("\(place) is \(name) (\(processID))")
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
            check, .problem, "\(plan.name) cannot listen on \(plan.address): \(name) (\(processID)) does", remedies: remedies)
    }
}
