import Primitives
import Settings
import Web

/// `basic_auth_users`, and `open_paths`, which go around them.
struct UserSection {
    private let users: SettingsTree
    private let paths: SettingsTree

    init(_ users: SettingsTree, open paths: SettingsTree) {
        self.users = users
        self.paths = paths
    }

    func read(_ warnings: inout [String]) throws(Failure) -> (users: [String: BcryptHash], openPaths: Set<String>) {
        var hashes: [String: BcryptHash] = [:]
        for member in users.members {
            let name = quoted(member.name)
            guard member.name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ":") }) else {
                throw member.value.failure(
                    "basic_auth_users: \(name) holds a colon or a control character, and no client can send such a name")
            }
            guard !member.name.hasPrefix("$2") else {
                throw member.value.failure("basic_auth_users: a hash stands where a user's name should; write NAME: HASH")
            }
            do throws(BcryptHash.Problem) {
                let hash = try BcryptHash(parsing: member.value.text ?? "")
                hashes[member.name] = hash
                if hash.cost < 10 {
                    warnings.append(
                        "\(member.value.origin): the hash of \(name) has cost \(hash.cost), which is quickly guessed; 10 is usual")
                }
            } catch {
                throw member.value.failure("basic_auth_users: \(name): \(Self.text(error))")
            }
        }
        return (hashes, try openPaths(&warnings))
    }

    private func openPaths(_ warnings: inout [String]) throws(Failure) -> Set<String> {
        var open: Set<String> = []
        for element in paths.elements {
            let path = element.text ?? ""
            guard DoorSettings.healthPaths.contains(path) else {
                throw element.failure(
                    "open_paths: \(quoted(path)) cannot be open: only \(DoorSettings.healthPaths.joined(separator: ", ")) say nothing of what is watched"
                )
            }
            open.insert(path)
        }
        if !open.isEmpty, users.members.isEmpty {
            warnings.append("\(paths.origin): open_paths without basic_auth_users changes nothing")
        }
        return open
    }

    /// Without the hash, which may be the password itself.
    private static func text(_ problem: BcryptHash.Problem) -> String {
        switch problem {
        case .shape:
            "expected a bcrypt hash of 60 characters that begins with $2y$, $2b$ or $2a$; htpasswd -nBC 10 NAME makes one"
        case .brokenVariant: "$2x$ takes some passwords for others; make a new hash with htpasswd -nBC 10 NAME"
        case .cost(let cost):
            "the hash has cost \(cost); expected \(BcryptHash.costs.lowerBound) to \(BcryptHash.costs.upperBound), as each step doubles the time"
                + " of a check, which is two seconds at \(BcryptHash.costs.upperBound)"
        }
    }
}
