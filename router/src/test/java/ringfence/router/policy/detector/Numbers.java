package ringfence.router.policy.detector;

import java.util.Random;

/// Makes numbers that pass their checks, by other means than the detectors check them.
final class Numbers {
  private final Random random;

  Numbers(Random random) {
    this.random = random;
  }

  String digits(int count) {
    StringBuilder digits = new StringBuilder();
    for (int i = 0; i < count; i++) {
      digits.append(random.nextInt(10));
    }
    return digits.toString();
  }

  String from(String alphabet, int count) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      text.append(alphabet.charAt(random.nextInt(alphabet.length())));
    }
    return text.toString();
  }

  int between(int least, int most) {
    return least + random.nextInt(most - least + 1);
  }

  String pick(String... choices) {
    return choices[random.nextInt(choices.length)];
  }

  private static int at(String digits, int index) {
    return digits.charAt(index) - '0';
  }

  /// Luhn's check digit for what stands before it.
  static int luhn(String body) {
    int sum = 0;
    boolean twice = true;
    for (int i = body.length() - 1; i >= 0; i--) {
      int digit = at(body, i);
      sum += twice ? digit / 5 + digit * 2 % 10 : digit;
      twice = !twice;
    }
    return (100_000 - sum) % 10;
  }

  private String day(String pattern) {
    int year = between(1930, 2023);
    String yy = "%02d".formatted(year % 100);
    String mm = "%02d".formatted(between(1, 12));
    String dd = "%02d".formatted(between(1, 28));
    return pattern
        .replace("YYYY", Integer.toString(year))
        .replace("YY", yy)
        .replace("MM", mm)
        .replace("DD", dd);
  }

  String card() {
    String prefix =
        pick(
            "4", "51", "52", "53", "54", "55", "2221", "2500", "2720", "34", "37", "6011", "65",
            "644", "3530", "3589", "36", "38", "305", "62");
    int length =
        switch (prefix) {
          case "34", "37" -> 15;
          case "36", "38", "305" -> 14;
          case "4" -> random.nextInt(8) == 0 ? 13 : 16;
          default -> 16;
        };
    String body = prefix + digits(length - prefix.length() - 1);
    return body + luhn(body);
  }

  String longCard() {
    String body = pick("4", "6212") + digits(18);
    body = body.substring(0, 18);
    return body + luhn(body);
  }

  String iban() {
    String[] form =
        pick(
                "DE n18",
                "FR n10a11n2",
                "GB a4n14",
                "ES n20",
                "IT A1n10a12",
                "NL a4n10",
                "PL n24",
                "CH n5a12",
                "AT n16",
                "BE n12",
                "SE n20",
                "NO n11",
                "DK n14",
                "FI n14",
                "PT n21",
                "IE a4n14",
                "CZ n20",
                "HU n24",
                "GR n7a16",
                "RO a4n16",
                "LU n3a13",
                "SA n2a18",
                "AE n19",
                "TR n5n1a16",
                "BG a4n6a8",
                "HR n17",
                "SK n20",
                "LT n16",
                "LV a4n13",
                "EE n16",
                "MT a4n5a18",
                "CY n8a16",
                "IS n22",
                "LI n5a12",
                "MC n10a11n2")
            .split(" ");
    StringBuilder account = new StringBuilder();
    var part = java.util.regex.Pattern.compile("([naA])(\\d+)").matcher(form[1]);
    boolean letters = true;
    while (part.find()) {
      int count = Integer.parseInt(part.group(2));
      switch (part.group(1)) {
        case "n" -> account.append(digits(count));
        case "A" -> account.append(from("ABCDEFGHIJKLMNOPQRSTUVWXYZ", count));
        default -> {
          account.append(
              letters && count == 4 ? from("ABCDEFGHIJKLMNOPQRSTUVWXYZ", count) : digits(count));
          letters = false;
        }
      }
    }
    StringBuilder number = new StringBuilder();
    for (char c : (account + form[0] + "00").toCharArray()) {
      number.append(Character.getNumericValue(c));
    }
    int rest =
        new java.math.BigInteger(number.toString())
            .mod(java.math.BigInteger.valueOf(97))
            .intValue();
    return form[0] + "%02d".formatted(98 - rest) + account;
  }

  String ssn() {
    int area = between(1, 899);
    return "%03d-%02d-%04d".formatted(area == 666 ? 667 : area, between(1, 99), between(1, 9999));
  }

  String nino() {
    String prefix = pick("AB", "CE", "JK", "LM", "PR", "ST", "WX", "YZ", "HJ", "NS");
    return prefix + digits(6) + pick("A", "B", "C", "D");
  }

  String nhs() {
    while (true) {
      String body = digits(9);
      int sum = 0;
      for (int i = 0; i < 9; i++) {
        sum += at(body, i) * (10 - i);
      }
      int check = (11 - sum % 11) % 11;
      if (check < 10 && !body.matches("(.)\\1*")) {
        return body + check;
      }
    }
  }

  String germanTaxId() {
    // Ten digits of which one comes twice and another not at all.
    StringBuilder body = new StringBuilder();
    java.util.List<Integer> pool = new java.util.ArrayList<>();
    for (int i = 0; i < 10; i++) {
      pool.add(i);
    }
    java.util.Collections.shuffle(pool, random);
    pool.set(9, pool.getFirst());
    do {
      java.util.Collections.shuffle(pool, random);
    } while (pool.getFirst() == 0);
    pool.forEach(body::append);
    int rest = 10;
    for (char c : body.toString().toCharArray()) {
      int sum = (rest + c - '0') % 10;
      rest = (sum == 0 ? 10 : sum) * 2 % 11;
    }
    int check = 11 - rest;
    return body.toString() + (check == 10 ? 0 : check);
  }

  String frenchNir() {
    String place = pick("75", "13", "2A", "2B", "99", "69", "01");
    String body = pick("1", "2") + day("YYMM") + place + digits(6);
    java.math.BigInteger number =
        new java.math.BigInteger(body.replace("2A", "19").replace("2B", "18"));
    return body + "%02d".formatted(97 - number.mod(java.math.BigInteger.valueOf(97)).intValue());
  }

  String spanishDni() {
    boolean foreign = random.nextBoolean();
    String body = foreign ? pick("X", "Y", "Z") + digits(7) : digits(8);
    int number = Integer.parseInt(body.replace('X', '0').replace('Y', '1').replace('Z', '2'));
    return body + "TRWAGMYFPDXBNJZSQVHLCKE".charAt(number % 23);
  }

  String italianCode() {
    String body =
        from("BCDFGLMNPRST", 6)
            + "%02d".formatted(between(30, 99))
            + from("ABCDEHLMPRST", 1)
            + "%02d".formatted(between(1, 28) + (random.nextBoolean() ? 40 : 0))
            + from("ABCDEFGHIL", 1)
            + digits(3);
    // The values of the odd places as the ministry's table lists them.
    String order = "BAKPLCQDREVOSFTGUHMINJWZYX";
    int sum = 0;
    for (int i = 0; i < 15; i++) {
      char c = body.charAt(i);
      char letter = Character.isDigit(c) ? (char) ('A' + c - '0') : c;
      sum += i % 2 == 0 ? order.indexOf(letter) : letter - 'A';
    }
    return body + (char) ('A' + sum % 26);
  }

  String bsn() {
    while (true) {
      String number = between(1, 9) + digits(8);
      int sum = -at(number, 8);
      for (int i = 0; i < 8; i++) {
        sum += at(number, i) * (9 - i);
      }
      if (sum % 11 == 0) {
        return number;
      }
    }
  }

  String belgian() {
    String body = day("YYMMDD") + digits(3);
    long value = Long.parseLong(random.nextBoolean() ? body : "2" + body);
    return body + "%02d".formatted(97 - value % 97);
  }

  String pesel() {
    int year = between(1900, 2023);
    int month = between(1, 12) + (year >= 2000 ? 20 : 0);
    String body = "%02d%02d%02d".formatted(year % 100, month, between(1, 28)) + digits(4);
    int[] weights = {9, 7, 3, 1, 9, 7, 3, 1, 9, 7};
    int sum = 0;
    for (int i = 0; i < 10; i++) {
      sum += at(body, i) * weights[i];
    }
    return body + sum % 10;
  }

  String swedish() {
    String body = day("YYMMDD") + digits(3);
    return body + luhn(body);
  }

  String norwegian() {
    while (true) {
      String body = day("DDMMYY") + digits(3);
      int first = check(body, 3, 7, 6, 1, 8, 9, 4, 5, 2);
      int second = check(body + first, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2);
      if (first < 10 && second < 10) {
        return body + first + second;
      }
    }
  }

  private static int check(String body, int... weights) {
    int sum = 0;
    for (int i = 0; i < weights.length; i++) {
      sum += at(body, i) * weights[i];
    }
    return sum % 11 == 0 ? 0 : 11 - sum % 11;
  }

  String danish() {
    return day("DDMMYY") + digits(4);
  }

  String finnish() {
    String date = day("DDMMYY");
    String individual = "%03d".formatted(between(2, 899));
    long number = Long.parseLong(date + individual);
    return date
        + pick("-", "+", "A", "Y", "B")
        + individual
        + "0123456789ABCDEFHJKLMNPRSTUVWXY".charAt((int) (number % 31));
  }

  String swiss() {
    String body = "756" + digits(9);
    int sum = 0;
    for (int i = 0; i < 12; i++) {
      sum += at(body, i) * (i % 2 == 0 ? 1 : 3);
    }
    return body + (1_000 - sum) % 10;
  }

  String turkish() {
    String body = between(1, 9) + digits(8);
    int odd = 0;
    int even = 0;
    for (int i = 0; i < 9; i++) {
      if (i % 2 == 0) {
        odd += at(body, i);
      } else {
        even += at(body, i);
      }
    }
    int tenth = ((odd * 7 - even) % 10 + 10) % 10;
    return body + tenth + (odd + even + tenth) % 10;
  }

  String sin() {
    String body = pick("1", "2", "3", "4", "5", "6", "7", "9") + digits(7);
    return body + luhn(body);
  }

  String cpf() {
    String body = digits(9);
    for (int round = 0; round < 2; round++) {
      int sum = 0;
      for (int i = 0; i < body.length(); i++) {
        sum += at(body, i) * (body.length() + 1 - i);
      }
      int rest = sum % 11;
      body += rest < 2 ? 0 : 11 - rest;
    }
    return body;
  }

  String aadhaar() {
    String body = between(2, 9) + digits(10);
    // Verhoeff's tables as they are printed.
    int[][] d = {
      {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
      {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
      {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
      {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
      {8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}
    };
    int[][] p = {
      {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
      {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
      {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
      {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8}
    };
    int check = 0;
    for (int i = 0; i < body.length(); i++) {
      check = d[check][p[(i + 1) % 8][at(body, body.length() - 1 - i)]];
    }
    int[] inverse = {0, 4, 3, 2, 1, 5, 6, 7, 8, 9};
    return body + inverse[check];
  }

  String chinese() {
    String body = pick("110101", "310104", "440305", "510107") + day("YYYYMMDD") + digits(3);
    int[] weights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (int i = 0; i < 17; i++) {
      sum += at(body, i) * weights[i];
    }
    return body + "10X98765432".charAt(sum % 11);
  }

  String korean() {
    return day("YYMMDD") + between(1, 4) + digits(6);
  }

  String southAfrican() {
    String body = day("YYMMDD") + digits(4) + between(0, 1) + pick("8", "9");
    return body + luhn(body);
  }

  String tfn() {
    int[] weights = {1, 4, 3, 7, 5, 8, 6, 9, 10};
    while (true) {
      String number = between(1, 9) + digits(8);
      int sum = 0;
      for (int i = 0; i < 9; i++) {
        sum += at(number, i) * weights[i];
      }
      if (sum % 11 == 0) {
        return number;
      }
    }
  }

  /// Groups of these sizes, `separator` between them; what is left over is the last.
  static String grouped(String text, String separator, int... sizes) {
    StringBuilder grouped = new StringBuilder();
    int at = 0;
    for (int size : sizes) {
      if (at < text.length()) {
        grouped.append(at > 0 ? separator : "");
        grouped.append(text, at, Math.min(text.length(), at + size));
        at += size;
      }
    }
    if (at < text.length()) {
      grouped.append(separator).append(text.substring(at));
    }
    return grouped.toString();
  }
}
