//! A recursive-descent evaluator. From weakest to strongest: comparison, `+ -`, `* / %`, sign, `^`, percent.

use super::{
    CalculateError,
    lexer::{Placed, Token, tokens},
};

/// What an expression comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Truth(bool),
}

const MAX_LENGTH: usize = 2000;
const MAX_DEPTH: usize = 50;

pub(super) fn evaluate(text: &str) -> Result<Value, CalculateError> {
    if text.chars().count() > MAX_LENGTH {
        return Err(CalculateError::whole(format!("the expression is longer than {MAX_LENGTH} characters")));
    }
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Err(CalculateError::whole("the expression is empty; write for instance 2 * (3 + 4)"));
    }
    let mut parser = Parser { tokens: &tokens, next: 0, depth: 0, end: text.chars().count() + 1 };
    let value = parser.comparison()?;
    match parser.peek() {
        None => Ok(value),
        Some(Token::Sign(")")) => Err(parser.wrong("this closing parenthesis closes nothing")),
        Some(Token::Sign(",")) => {
            Err(parser.wrong("a comma can only stand between the arguments of a function, as in max(2, 3)"))
        }
        Some(_) => Err(parser.wrong("an operator such as + or * is missing before this")),
    }
}

/// Twelve significant digits: hides what binary floats add (0.1 + 0.2), keeps what money and pixels need.
pub(super) fn tidy(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

struct Parser<'a> {
    tokens: &'a [Placed],
    next: usize,
    depth: usize,
    end: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn position(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(_, position)| *position)
    }

    fn wrong(&self, why: impl Into<String>) -> CalculateError {
        CalculateError::at(self.position(), why)
    }

    /// Takes the next token if it is one of these signs.
    fn sign(&mut self, wanted: &[&'static str]) -> Option<&'static str> {
        match self.peek() {
            Some(Token::Sign(sign)) if wanted.contains(sign) => {
                let sign = *sign;
                self.next += 1;
                Some(sign)
            }
            _ => None,
        }
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, CalculateError>) -> Result<T, CalculateError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.wrong(format!("more than {MAX_DEPTH} levels of parentheses and signs")));
        }
        let value = inner(self);
        self.depth -= 1;
        value
    }

    fn comparison(&mut self) -> Result<Value, CalculateError> {
        let left = self.sum()?;
        let Some(sign) = self.sign(&["==", "!=", "<=", ">=", "<", ">"]) else { return Ok(Value::Number(left)) };
        let (left, right) = (tidy(left), tidy(self.sum()?));
        Ok(Value::Truth(match sign {
            "==" => left.total_cmp(&right).is_eq(),
            "!=" => left.total_cmp(&right).is_ne(),
            "<=" => left <= right,
            ">=" => left >= right,
            "<" => left < right,
            _ => left > right,
        }))
    }

    fn sum(&mut self) -> Result<f64, CalculateError> {
        let mut value = self.product()?;
        while let Some(sign) = self.sign(&["+", "-"]) {
            let right = self.product()?;
            value = if sign == "+" { value + right } else { value - right };
        }
        self.finite(value)
    }

    fn product(&mut self) -> Result<f64, CalculateError> {
        let mut value = self.signed()?;
        loop {
            if self.peek() == Some(&Token::Name("of".into())) {
                // "15% of 80"
                self.next += 1;
                value *= self.signed()?;
                continue;
            }
            let Some(sign) = self.sign(&["*", "/", "%"]) else { return self.finite(value) };
            let position = self.position();
            let right = self.signed()?;
            if sign != "*" && right == 0.0 {
                return Err(CalculateError::at(position, "division by zero"));
            }
            value = match sign {
                "*" => value * right,
                "/" => value / right,
                _ => value % right,
            };
        }
    }

    fn signed(&mut self) -> Result<f64, CalculateError> {
        match self.sign(&["+", "-"]) {
            Some("-") => self.deeper(Self::signed).map(|value| -value),
            Some(_) => self.deeper(Self::signed),
            None => self.power(),
        }
    }

    fn power(&mut self) -> Result<f64, CalculateError> {
        let base = self.percent()?;
        if self.sign(&["^"]).is_none() {
            return Ok(base);
        }
        let exponent = self.deeper(Self::signed)?;
        self.finite(base.powf(exponent))
    }

    fn percent(&mut self) -> Result<f64, CalculateError> {
        let mut value = self.atom()?;
        while self.peek() == Some(&Token::Sign("%")) && self.ends_operand(self.next + 1) {
            self.next += 1;
            value /= 100.0;
        }
        Ok(value)
    }

    /// Whether no operand can begin here, so that a `%` before it means percent and not the remainder.
    fn ends_operand(&self, at: usize) -> bool {
        match self.tokens.get(at).map(|(token, _)| token) {
            None => true,
            Some(Token::Sign(sign)) => *sign != "(",
            Some(Token::Name(name)) => name == "of",
            Some(Token::Number(_)) => false,
        }
    }

    fn atom(&mut self) -> Result<f64, CalculateError> {
        let position = self.position();
        match self.peek().cloned() {
            Some(Token::Number(value)) => {
                self.next += 1;
                Ok(value)
            }
            Some(Token::Name(name)) => {
                self.next += 1;
                self.named(&name, position)
            }
            Some(Token::Sign("(")) => {
                self.next += 1;
                let value = self.deeper(Self::sum)?;
                self.close()?;
                Ok(value)
            }
            Some(Token::Sign(sign)) => Err(self.wrong(format!("a number is missing before \"{sign}\""))),
            None => Err(self.wrong("a number is missing at the end")),
        }
    }

    fn close(&mut self) -> Result<(), CalculateError> {
        self.sign(&[")"]).map(drop).ok_or_else(|| self.wrong("a closing parenthesis is missing"))
    }

    fn named(&mut self, name: &str, position: usize) -> Result<f64, CalculateError> {
        if self.sign(&["("]).is_none() {
            return match name {
                "pi" => Ok(std::f64::consts::PI),
                _ => Err(CalculateError::at(position, unknown(name))),
            };
        }
        let mut arguments = Vec::new();
        if self.sign(&[")"]).is_none() {
            self.deeper(|parser| parser.arguments(&mut arguments))?;
        }
        let value = call(name, &arguments).map_err(|why| CalculateError::at(position, why))?;
        self.finite(value)
    }

    /// Arguments up to the closing parenthesis; a list in brackets counts as its items.
    fn arguments(&mut self, found: &mut Vec<f64>) -> Result<(), CalculateError> {
        loop {
            let start = self.next;
            if self.sign(&["("]).is_some() {
                let mut inner = Vec::new();
                self.deeper(|parser| parser.arguments(&mut inner))?;
                if inner.len() == 1 {
                    // A parenthesis within an argument, such as (2 + 3) * 4: read it as an expression after all.
                    self.next = start;
                    found.push(self.sum()?);
                } else {
                    found.extend(inner);
                }
            } else {
                found.push(self.sum()?);
            }
            if self.sign(&[","]).is_none() {
                return self.close();
            }
        }
    }

    fn finite(&self, value: f64) -> Result<f64, CalculateError> {
        if value.is_nan() {
            return Err(self.wrong("the result before this is not a real number"));
        }
        if value.is_infinite() { Err(self.wrong("the result before this is too large")) } else { Ok(value) }
    }
}

fn unknown(name: &str) -> String {
    format!(
        "\"{name}\" is not known; use numbers, + - * / % ^ and sum, min, max, avg, median, round, floor, ceil, abs, sqrt"
    )
}

fn call(name: &str, arguments: &[f64]) -> Result<f64, String> {
    let one = || match arguments {
        [value] => Ok(*value),
        _ => Err(format!("{name} takes one number, not {}", arguments.len())),
    };
    let some = || match arguments {
        [] => Err(format!("{name} needs at least one number")),
        values => Ok(values),
    };
    match name {
        "sum" | "total" | "add" => Ok(arguments.iter().sum()),
        "count" | "len" => Ok(arguments.len() as f64),
        "min" => Ok(some()?.iter().copied().fold(f64::INFINITY, f64::min)),
        "max" => Ok(some()?.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        "avg" | "mean" | "average" => Ok(some()?.iter().sum::<f64>() / arguments.len() as f64),
        "median" => {
            let mut sorted = some()?.to_vec();
            sorted.sort_by(f64::total_cmp);
            let middle = sorted.len() / 2;
            Ok(if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) })
        }
        "round" => match arguments {
            [value] => Ok(tidy(*value).round()),
            [value, digits] if digits.fract() == 0.0 && (0.0..=12.0).contains(digits) => {
                let factor = 10_f64.powi(*digits as i32);
                Ok(tidy(value * factor).round() / factor)
            }
            _ => Err("round takes a number and, if wanted, how many decimals from 0 to 12".into()),
        },
        "floor" => one().map(|value| tidy(value).floor()),
        "ceil" => one().map(|value| tidy(value).ceil()),
        "abs" => one().map(f64::abs),
        "sqrt" => match one()? {
            value if value < 0.0 => Err("sqrt of a negative number".into()),
            value => Ok(value.sqrt()),
        },
        other => Err(unknown(other)),
    }
}
