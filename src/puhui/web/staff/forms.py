"""The forms of staff log-in."""

from django import forms
from django.utils.translation import gettext_lazy as _


class CodeForm(forms.Form):
    """Six digits of an authenticator, or one of the backup codes."""

    code = forms.CharField(
        label=_("动态口令或备用码"),
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text", "autofocus": True,
                                      "spellcheck": "false", "autocapitalize": "off"}),
    )  # fmt: skip

    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).replace(" ", "").lower()
