#!/bin/sh
# Takes back what install-node-exporter.sh did on this machine, and nothing else. Running it again does nothing.
set -eu

# What the caller has set counts for nothing: neither where programs are nor who may write what is made here.
umask 022
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C

state_folder=/var/lib/martlet-agent
state=$state_folder/node-exporter
guard=/usr/sbin/policy-rc.d
guard_mark="# Written by martlet's install-node-exporter.sh, which takes it away when it ends."
textfiles=/var/lib/prometheus/node-exporter

usage() {
    cat <<'TEXT'
Usage: sh uninstall-node-exporter.sh [OPTIONS]

  --dry-run   says what would be done, changes nothing
  --help      this

Packages that were here before stay, and so does what was written or edited by hand.
TEXT
}

say() { printf 'uninstall-node-exporter: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }

dry_run=no
for option in "$@"; do
    case $option in
    --dry-run) dry_run=yes ;;
    --help | -h) usage; exit 0 ;;
    *) say "unknown option $option; --help says what there is" >&2; exit 2 ;;
    esac
done

begin() {
    if [ "$dry_run" = yes ]; then say "not done (dry run): $*"; return 1; fi
    say "$*"
}

left_guard=no
! grep -qsxF "$guard_mark" "$guard" || left_guard=yes
if [ ! -e "$state" ] && [ "$left_guard" = no ]; then
    say "nothing to do: install-node-exporter.sh has left nothing here"
    exit 0
fi
[ "$dry_run" = yes ] || [ "$(id -u)" = 0 ] || fail "not root; run it with sudo, or with --dry-run to see what it would do"

# Whoever may write the state could say what root is to do.
for one in "$state_folder" "$state"; do
    [ ! -e "$one" ] || [ -n "$(find "$one" -prune ! -type l -user 0 ! -perm /022)" ] ||
        fail "$one is refused, as it is a link, is not root's, or others may write it; look at what is in it, then: chown root $one && chmod go-w $one"
done

# is_shaped: whether every line of the state is one that the installer writes. What is read from it names files, packages and rules.
is_shaped() {
    unit='(prometheus-node-exporter|smartctl_exporter)\.service'
    package='[a-z0-9][a-z0-9+.-]*(:[a-z0-9-]+)?'
    rule='(ufw|firewalld),[0-9A-Fa-f.:/]+,[0-9]{1,5}'
    ! grep -Evxq "(node|smart)_(package|enabled|active|folder)=[a-z-]+|(node|smart)_sum=[0-9a-f]{64}\
|(node|smart)_copy=$state_folder/$unit\.d-martlet\.conf\.[0-9]{8}T[0-9]{6}\
|packages_added=($package( $package)*)?|firewall_rules=$rule( $rule)*" "$state"
}
if [ -e "$state" ]; then
    { [ -f "$state" ] && is_shaped; } || fail "$state has lines that install-node-exporter.sh does not write, so nothing is done; take out what is not its own, and run this again"
fi

if [ "$left_guard" = yes ] && begin "removing $guard, which a run that was cut off has left"; then
    rm "$guard"
fi
if [ ! -e "$state" ]; then
    say "nothing else to do: install-node-exporter.sh has left nothing more here"
    exit 0
fi

systemd_runs=no
[ ! -d /run/systemd/system ] || systemd_runs=yes

remembered() { sed -n "s/^$1=//p" "$state"; }

is_installed() { dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

remove_folder() { [ ! -d "$1" ] || rmdir --ignore-fail-on-non-empty "$1"; }

# take_drop_in NAME_IN_STATE PATH: `taken` says whether the unit is another one now.
take_drop_in() {
    taken=no
    [ -n "$(remembered "$1_sum")" ] || return 0
    copy=$(remembered "$1_copy")
    if [ -f "$2" ] && [ "$(sha256sum <"$2" | cut -d ' ' -f 1)" != "$(remembered "$1_sum")" ]; then
        say "kept, as somebody edited it by hand: $2"
        [ -z "$copy" ] || say "what was there before is in $copy, which is kept too"
        return 0
    fi
    if [ -n "$copy" ] && [ -f "$copy" ] && [ ! -L "$copy" ]; then
        begin "putting back $2" || return 0
        install -d -m 755 "$(dirname "$2")"
        cp -p "$copy" "$2.new"
        mv "$2.new" "$2"
        rm "$copy"
    else
        begin "removing $2" || return 0
        rm -f "$2"
        [ "$(remembered "$1_folder")" = present ] || remove_folder "$(dirname "$2")"
    fi
    taken=yes
}

# restore_unit NAME_IN_STATE UNIT: as it was found, where its package was here before.
restore_unit() {
    [ "$systemd_runs" = yes ] && [ "$(remembered "$1_package")" = present ] || return 0
    case $(remembered "$1_enabled") in
    disabled) systemctl --quiet is-enabled "$2" && begin "disabling $2" && systemctl disable --quiet "$2" ;;
    masked) [ "$(systemctl is-enabled "$2")" = masked ] || { begin "masking $2" && systemctl disable --quiet "$2" && systemctl mask --quiet "$2"; } ;;
    esac || :
    if [ "$(remembered "$1_active")" != active ]; then
        ! systemctl --quiet is-active "$2" || ! begin "stopping $2" || systemctl stop "$2"
    elif [ "$taken" = yes ]; then
        say "starting $2 again with what it had before"
        systemctl restart "$2" || say "$2 does not start; see: journalctl -n 20 -u $2" >&2
    fi
}

for rule in $(remembered firewall_rules); do
    firewall=${rule%%,*} port=${rule##*,}
    scraper=${rule#*,} scraper=${scraper%,*}
    begin "closing the firewall again ($firewall) to $scraper on port $port" || continue
    case $firewall in
    ufw) ufw delete allow proto tcp from "$scraper" to any port "$port" >/dev/null || say "ufw could not" >&2 ;;
    firewalld)
        case $scraper in *:*) ip=ipv6 ;; *) ip=ipv4 ;; esac
        rich="rule family=\"$ip\" source address=\"$scraper\" port port=\"$port\" protocol=\"tcp\" accept"
        { firewall-cmd --permanent --remove-rich-rule="$rich" && firewall-cmd --remove-rich-rule="$rich"; } >/dev/null ||
            say "firewalld could not" >&2
        ;;
    esac
done

# What came with the package goes as a whole, or stays as a whole where something else needs it by now.
leaving=
for one in $(remembered packages_added); do
    ! is_installed "$one" || leaving="$leaving $one"
done
if [ -n "$leaving" ]; then
    # Word splitting is meant: one argument a package.
    # shellcheck disable=SC2086
    others=$(apt-get -s purge $leaving 2>/dev/null | sed -n 's/^\(Purg\|Remv\) \([^ ]*\).*/\2/p' | while read -r one; do
        case " $leaving " in *" ${one%%:*} "*) ;; *) printf ' %s' "$one" ;; esac
    done)
    how=purge
    if [ -n "$(ls -A $textfiles 2>/dev/null)" ]; then
        say "kept: the files in $textfiles, and the packages' settings with them"
        how=remove
    fi
    if [ -n "$others" ]; then
        say "kept, as they would take$others with them:$leaving"
    elif begin "removing what was installed:$leaving"; then
        export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
        # shellcheck disable=SC2086
        apt-get -o DPkg::Lock::Timeout=120 "$how" -y -qq $leaving >/dev/null || fail "apt-get could not; its own words stand above"
        say "the system user prometheus stays, as Debian leaves those whose files may still be somewhere"
    fi
fi

for one in node:prometheus-node-exporter.service smart:smartctl_exporter.service; do
    take_drop_in "${one%%:*}" "/etc/systemd/system/${one#*:}.d/martlet.conf"
    [ "$systemd_runs" = no ] || [ "$taken" = no ] || systemctl daemon-reload
    restore_unit "${one%%:*}" "${one#*:}"
done

if [ "$dry_run" = yes ]; then
    say "this was a dry run; nothing was changed"
    exit 0
fi
rm "$state"
remove_folder "$state_folder"
say "done"
