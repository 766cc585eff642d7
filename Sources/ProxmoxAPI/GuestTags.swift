/// The tags of a guest, as the API has them in one text.
package enum GuestTags {
    /// Each tag. Proxmox VE writes semicolons between them, and reads commas and spaces too, which configurations edited by hand have.
    package static func all(in text: String) -> [Substring] { text.split { $0 == ";" || $0 == "," || $0 == " " } }
}
